"""`lakesmith diff`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from lakesmith.cli.output import Output, common, json_option, output_for, project_option, select_option

if TYPE_CHECKING:
    from lakesmith.api.differing import Difference

DIFFERENT = 1


@click.command("diff")
@click.argument("left")
@click.argument("right")
@click.option(
    "--key",
    "keys",
    multiple=True,
    help="Columns that tell rows apart: `id`, `day,plan`, or for one table `mart_x=id`. Default: what the model or its tests say.",
)
@common(select_option, project_option, json_option)
def command(left: str, right: str, keys: tuple[str, ...], as_json: bool, **given: Any) -> int:  # noqa: FBT001
    """Compare what the targets LEFT and RIGHT have published, table by table: rows, keys, changed values.

    Ends with 0 if all is the same, with 1 if something differs. Columns named _ls_built_at are not compared.
    """
    import lakesmith
    from lakesmith.api.differing import Wish

    if left == right:
        raise click.UsageError("name two targets")
    output = output_for(as_json=as_json)
    one, other = (lakesmith.open(given["folder"], target=name) for name in (left, right))
    found = list(one.diff(other, Wish(given["select"], _parsed(keys))))
    output.table(
        "tables",
        [asdict(one) | {"same": one.same} for one in found] if as_json else [_row(one, left, right) for one in found],
    )
    for difference in found:
        _tell(difference, (left, right), output)
    differing = [one.table for one in found if not one.same]
    _conclude(output, len(found), len(differing))
    output.facts({"left": left, "right": right, "same": not differing})
    output.close()
    return DIFFERENT if differing else 0


def _parsed(keys: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Return the columns by table; those for all tables under the empty name."""
    parts = [key.rpartition("=") for key in keys]
    return {table.strip(): tuple(name.strip() for name in columns.split(",")) for table, _, columns in parts}


def _row(one: Difference, left: str, right: str) -> dict[str, Any]:
    return {
        "table": one.table,
        f"rows_{left}": one.left,
        f"rows_{right}": one.right,
        f"only_{left}": one.only_left if one.left is not None and one.right is not None else None,
        f"only_{right}": one.only_right if one.left is not None and one.right is not None else None,
        "changed": one.changed,
        "result": "same" if one.same else "differs",
    }


def _tell(one: Difference, names: tuple[str, str], output: Output) -> None:
    left, right = names
    missing = next((name for name, rows in ((left, one.left), (right, one.right)) if rows is None), None)
    lines = [f"not published by {missing}"] if missing else []
    if one.note and not one.same:
        lines.append(one.note)
    if one.columns:
        lines.append("changed values: " + ", ".join(f"{name} {count:,}" for name, count in _most(one)))
    lines += [
        f"columns only {name} has: {', '.join(has)}"
        for name, has in ((left, one.columns_left), (right, one.columns_right))
        if has
    ]
    words = {"only_left": f"only in {left}", "only_right": f"only in {right}", "changed": "changed"}
    for kind, keys in one.examples.items():
        count = getattr(one, kind)
        lines.append(f"{words[kind]}, by {', '.join(one.key)}: {' | '.join(keys)}{' | …' if count > len(keys) else ''}")
    if one.types:
        lines.append("other types: " + ", ".join(f"{name} {kinds}" for name, kinds in one.types.items()))
    if lines:
        output.say(f"\n{one.table}", mood="head")
        for line in lines:
            output.say(f"  {line}")


def _most(one: Difference) -> list[tuple[str, int]]:
    return sorted(one.columns.items(), key=lambda item: (-item[1], item[0]))


def _conclude(output: Output, tables: int, differing: int) -> None:
    if differing:
        output.say(f"\n{differing} of {tables} tables {'differs' if differing == 1 else 'differ'}.", mood="warn")
    else:
        output.say(f"\n{'The table is' if tables == 1 else f'All {tables} tables are'} the same.", mood="good")
