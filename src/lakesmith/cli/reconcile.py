"""`lakesmith reconcile`."""

from __future__ import annotations

from typing import Any

import click

from lakesmith.cli.asking import agree, dry_run_option, yes_option
from lakesmith.cli.output import common, json_option, output_for, project_option, target_option


@click.command("reconcile")
@click.argument("stream")
@common(dry_run_option, yes_option, project_option, target_option, json_option)
def command(stream: str, dry_run: bool, as_json: bool, **given: Any) -> int:  # noqa: FBT001
    """Find the records of STREAM (source.stream) that its source has deleted, and mark them so.

    A cursor never sees that a record is gone. This reads all keys of the source, and writes a `d` row for each key
    that the table still has. Their history stays.
    """
    import lakesmith

    output = output_for(as_json=as_json)
    project = lakesmith.open(given["folder"], target=given["target"])
    found = project.reconcile(stream, dry_run=True)
    output.say(f"{stream} has {found.keys:,} keys at its source; {found.vanished:,} of the table's are gone there.")
    wanted = bool(found.vanished) and not dry_run
    if wanted:
        agree("Mark them as deleted?", yes=given["yes"], as_json=as_json)
        found = project.reconcile(stream)
        output.say(f"{found.vanished:,} rows marked as deleted.")
    output.facts({"keys": found.keys, "vanished": found.vanished, "changed": found.load is not None})
    output.close()
    return 0
