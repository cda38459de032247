"""`lakesmith plan`."""

from __future__ import annotations

from typing import Any

import click

from lakesmith.cli.output import (
    common,
    exclude_option,
    json_option,
    output_for,
    project_option,
    select_option,
    target_option,
)


@click.command("plan")
@common(select_option, exclude_option, project_option, target_option, json_option)
def command(select: tuple[str, ...], exclude: tuple[str, ...], as_json: bool, **given: Any) -> int:  # noqa: FBT001
    """Print what `run` would do, and why, without doing it."""
    import lakesmith

    output = output_for(as_json=as_json)
    plan = lakesmith.open(given["folder"], target=given["target"]).plan(select=select, exclude=exclude)
    rows = [{"step": step.name, "after": ", ".join(_few(step.needs)), "because": step.reason} for step in plan]
    output.table("plan", rows, empty="Nothing is due: no new rows, no model changed.")
    output.close()
    return 0


def _few(names: tuple[str, ...], shown: int = 2) -> tuple[str, ...]:
    return names if len(names) <= shown else (*names[:shown], f"{len(names) - shown} more")
