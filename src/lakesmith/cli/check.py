"""`lakesmith check`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from lakesmith.cli.output import Output, common, json_option, output_for, project_option, target_option

if TYPE_CHECKING:
    from lakesmith.model.streams import Finding

MOODS = {"ok": ("✓", "good"), "note": ("·", "plain"), "warning": ("!", "warn"), "error": ("✕", "bad")}


@click.command("check")
@common(project_option, target_option, json_option)
def command(as_json: bool, **given: Any) -> int:  # noqa: FBT001
    """Look at the project and its sources without loading anything."""
    import lakesmith

    output = output_for(as_json=as_json)
    return show_findings(lakesmith.open(given["folder"], target=given["target"]).check(), output)


def show_findings(findings: Sequence[Finding], output: Output) -> int:
    """Show findings; return 2 if one is an error, else 0."""
    wrong = any(finding.level == "error" for finding in findings)
    for finding in findings:
        mark, mood = MOODS[finding.level]
        output.say(f" {mark} {finding.subject}: {finding.text}", mood=mood)
        if finding.fix:
            output.say(f"     fix: {finding.fix}", mood="quiet")
    rows = [{"level": f.level, "subject": f.subject, "text": f.text, "fix": f.fix, **f.facts} for f in findings]
    output.facts({"ok": not wrong, "findings": rows})
    output.close()
    return 2 if wrong else 0
