"""A schedule as lines of a crontab."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from lakesmith.schedule.duties import Duty
from lakesmith.schedule.prints.commands import Place, command_of
from lakesmith.schedule.prints.rhythms import cron_of


def crontab(duties: Sequence[Duty], place: Place) -> str:
    """Return lines for `crontab -e`. CRON_TZ is understood by cronie and by most others; where it is not, the machine's zone counts.

    Raises:
        UsageError: If cron has no words for a rhythm.
    """
    lines = [
        f"# {place.project}: printed by `lakesmith schedule --cron`; a run that is still going on makes the next one wait"
    ]
    for duty in duties:
        line, zone = cron_of(duty)
        lines += [f"CRON_TZ={zone}", f"{line} {_escaped(duty, place)}"]
    return "\n".join(lines) + "\n"


def _escaped(duty: Duty, place: Place) -> str:
    """Return the command for cron's shell, in which a percent sign would end it."""
    trigger = ["env", "LAKESMITH_TRIGGER=cron", f"LAKESMITH_PIPELINE={duty.name}"]
    waiting = ["flock", str(place.folder / ".lakesmith" / "cron.lock")]
    return shlex.join([*trigger, *waiting, *command_of(duty, place)]).replace("%", "\\%")
