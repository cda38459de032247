"""`lakesmith history`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from lakesmith.cli.output import common, json_option, output_for, project_option, target_option

if TYPE_CHECKING:
    from lakesmith.model.versions import Version

SHOWN = 20


@click.command("history")
@click.argument("table")
@click.option(
    "--limit", default=SHOWN, show_default=True, type=click.IntRange(min=1), help="How many versions to print."
)
@common(project_option, target_option, json_option)
def command(table: str, limit: int, as_json: bool, **given: Any) -> int:  # noqa: FBT001
    """Show what happened to the bronze table TABLE (source.stream): every version that is kept, newest first."""
    import lakesmith

    output = output_for(as_json=as_json)
    versions = lakesmith.open(given["folder"], target=given["target"]).versions(table)
    output.table("versions", [_row(version) for version in versions[:limit]], empty="It has never been loaded.")
    if len(versions) > limit:
        output.say(f"\n{len(versions) - limit:,} older: --limit shows more.", mood="quiet")
    output.facts({"versions": [facts_of(version) for version in versions[:limit]], "kept": len(versions)})
    output.close()
    return 0


def facts_of(version: Version) -> dict[str, Any]:
    """Return a version as plain values; a snapshot is text, for it has more digits than JSON numbers of some readers."""
    counts = version.counts
    return {
        "at_utc": version.at,
        "kind": version.kind,
        "state": version.state,
        "ordinal": version.ordinal,
        "generation": version.generation,
        "back_to": version.back_to,
        "read": counts.read if counts else None,
        "written": counts.written if counts else None,
        "quarantined": counts.quarantined if counts else None,
        "filtered": counts.filtered if counts else None,
        "derived": counts.derived if counts else None,
        "rows": version.rows,
        "files": version.files,
        "batch_id": version.batch_id,
        "snapshot": str(version.snapshot_id),
    }


def name_of(version: Version) -> str:
    """Return how people call a version: load 7, or what else it is."""
    return (
        f"{version.kind} {version.ordinal}" if version.ordinal is not None else f"{version.kind} {version.snapshot_id}"
    )


def _row(version: Version) -> dict[str, Any]:
    """Return what fits on a terminal of 80 columns; scripts get all of it."""
    counts = version.counts
    return {
        "at_utc": f"{version.at:%Y-%m-%d %H:%M}",
        "what": f"{name_of(version)} to {version.back_to}" if version.back_to else _short(version),
        "added": counts.written + counts.derived if counts else None,
        "waiting": counts.quarantined if counts else None,
        "rows": version.rows,
        "files": version.files,
        "state": version.state,
    }


def _short(version: Version) -> str:
    """Return its name; a compaction's snapshot is left out, for nobody goes back to one: its rows are those of the version below."""
    return version.kind if version.kind == "compaction" else name_of(version)
