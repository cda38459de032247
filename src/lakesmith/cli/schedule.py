"""`lakesmith schedule`."""

from __future__ import annotations

import shutil
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lakesmith.cli.output import Output, common, json_option, output_for, project_option, target_option
from lakesmith.errors import UsageError

if TYPE_CHECKING:
    from lakesmith.api import Project
    from lakesmith.schedule.duties import Duty
    from lakesmith.schedule.prints.commands import Place

SHOWN = 3


@click.command("schedule")
@common(project_option, target_option)
@click.option("--cron", "form", flag_value="cron", help="Print it as lines of a crontab.")
@click.option("--systemd", "form", flag_value="systemd", help="Print it as units of systemd.")
@click.option("--github", "form", flag_value="github", help="Print it as a workflow of GitHub Actions.")
@json_option
def command(form: str | None, as_json: bool, **given: Any) -> int:  # noqa: FBT001
    """Show when the project runs next; or print the same schedule for another scheduler than `lakesmith up`."""
    import lakesmith
    from lakesmith.schedule.duties import duties_of
    from lakesmith.schedule.prints.commands import Place

    output = output_for(as_json=as_json)
    project = lakesmith.open(given["folder"], target=given["target"])
    duties = duties_of(project.config)
    if not duties and form is not None:
        raise UsageError(
            "Nothing is scheduled.",
            where="lakesmith.yml",
            fix='write `schedule: {cron: "0 6 * * *", timezone: Europe/Berlin}` into it',
        )
    if form is None:
        _show(project, duties, output)
    else:
        program = shutil.which("lakesmith") or f"{Path(sys.executable).parent / 'lakesmith'}"
        texts = _texts(form, duties, Place(project.name, project.root, project.target, program))
        for name, text in texts.items():
            output.say(f"# {name}\n{text}" if name else text.rstrip("\n"))
        output.facts({"files": texts} if "" not in texts else {"text": texts[""]})
    output.close()
    return 0


def _texts(form: str, duties: tuple[Duty, ...], place: Place) -> dict[str, str]:
    """Return what there is to print, by file name (empty: no file of its own)."""
    if form == "cron":
        from lakesmith.schedule.prints.cron import crontab

        return {"": crontab(duties, place)}
    if form == "github":
        from lakesmith.schedule.prints.github import workflow

        return {"": workflow(duties, place)}
    from lakesmith.schedule.prints.systemd import units

    return units(duties, place)


def _show(project: Project, duties: tuple[Duty, ...], output: Output) -> None:
    from datetime import UTC, timedelta
    from itertools import islice

    from lakesmith.project.ticks import ticks

    now = datetime.now(UTC)
    rows = []
    for duty in duties:
        coming = islice(ticks(duty.schedule, now, now + timedelta(days=400)), SHOWN)
        starts = ", ".join(f"{tick:%a %d %b %H:%M}" for tick in coming)
        rows.append(
            {
                "pipeline": duty.name,
                "rhythm": duty.rhythm(),
                "next_starts_utc": starts or "never",
                "ready_by": duty.schedule.ready_by,
                "catch_up": duty.schedule.catch_up,
            }
        )
    output.table("pipelines", rows, empty="Nothing is scheduled: write `schedule:` into lakesmith.yml.")
    if duties:
        output.say("\n`lakesmith up` runs them; --cron, --systemd and --github print them for others.", mood="quiet")
    output.facts({"project": project.name, "target": project.target})
