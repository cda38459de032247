"""`lakesmith sources`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from lakesmith.cli.output import Output, common, json_option, output_for, project_option, target_option
from lakesmith.cli.seeing import found, show
from lakesmith.cli.tables import rows_of

if TYPE_CHECKING:
    from lakesmith.pages.views.details import Source
    from lakesmith.pages.views.listings import Sources


@click.command("sources")
@click.argument("source", required=False)
@common(project_option, target_option, json_option)
def command(source: str | None, as_json: bool, **given: Any) -> int:  # noqa: FBT001
    """Say which state every source is in, or, of SOURCE, its tables, errors and changes."""
    from lakesmith.pages.links import key_of

    output = output_for(as_json=as_json)
    with show(given) as (_, viewing):
        if source is None:
            _list(viewing.sources(), output)
        else:
            _one(found(viewing.source(key_of(source)), source, "source"), output)
    output.close()
    return 0


def _list(view: Sources, output: Output) -> None:
    from lakesmith.api.viewing.twins import as_facts

    rows = [
        {
            "source": one.name,
            "type": one.kind,
            "state": one.state.replace("_", " "),
            "streams": one.streams,
            "rows_24h": one.rows_day,
            "why": one.reason,
        }
        for one in view.sources
    ]
    output.table("sources", rows, empty="The project has no source.")
    output.facts(as_facts(view))


def _one(view: Source, output: Output) -> None:
    from lakesmith.api.viewing.twins import as_facts

    state, why = view.source.state.replace("_", " "), f": {view.source.reason}" if view.source.reason else ""
    output.say(f"{view.source.name} is {state}{why}.\n")
    output.table("tables", rows_of(view.tables))
    for error in view.errors:
        output.say(f"\n{error.seen_at:%Y-%m-%d %H:%M} {error.step}: {error.what}\n  fix: {error.fix}", mood="bad")
    output.facts(as_facts(view))
