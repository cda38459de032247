"""`lakesmith rollback`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from lakesmith.cli.asking import agree, dry_run_option, yes_option
from lakesmith.cli.history import facts_of, name_of
from lakesmith.cli.output import Output, common, json_option, output_for, project_option, target_option

if TYPE_CHECKING:
    from lakesmith.api.returning import Return


@click.command("rollback")
@click.argument("name", metavar="TABLE|RUN")
@click.option("--to", help="For a table: a load's number, a snapshot, or a date. Default: what readers had before.")
@common(dry_run_option, yes_option, project_option, target_option, json_option)
def command(name: str, to: str | None, dry_run: bool, as_json: bool, **given: Any) -> int:  # noqa: FBT001
    """Take TABLE (source.stream), or every table that RUN loaded, back to an earlier version.

    Nothing is lost: the versions between stay in `lakesmith history`, and a rollback can be rolled back.
    What depends on the tables is built anew. The next run loads again what the source still has.
    """
    import lakesmith

    output = output_for(as_json=as_json)
    project = lakesmith.open(given["folder"], target=given["target"])
    returns = project.plan_rollback(name, to=to)
    _show(returns, output)
    if dry_run or not returns:
        output.facts({"changed": False})
        output.close()
        return 0
    agree("Go back?", yes=given["yes"], as_json=as_json)
    from lakesmith.cli.run import carry_out

    return carry_out(project, lambda recorders: project.rollback(returns, recorders=recorders), output, as_json=as_json)


def _show(returns: list[Return], output: Output) -> None:
    rows = [
        {
            "table": str(one.stream),
            "from": f"{name_of(one.now)}, {one.now.at:%Y-%m-%d %H:%M:%S}",
            "to": f"{name_of(one.to)}, {one.to.at:%Y-%m-%d %H:%M:%S}",
            "rows": one.now.rows,
            "rows_after": one.to.rows,
            "loads_taken_back": len(one.leaves),
        }
        for one in returns
    ]
    output.table(
        "tables", rows, empty="The tables are where they were before that already: there is nothing to take back."
    )
    output.facts({"returns": [{"table": str(one.stream), "to": facts_of(one.to)} for one in returns]})
    if returns:
        output.say("The next run loads again what the source still has beyond these versions.", mood="quiet")
