"""A rhythm in the words of cron."""

from __future__ import annotations

from datetime import timedelta

from lakesmith.errors import UsageError
from lakesmith.project.ticks import cron_line
from lakesmith.schedule.duties import Duty

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def cron_of(duty: Duty) -> tuple[str, str]:
    """Return a duty's rhythm as a cron line of five fields, and the time zone it means.

    Raises:
        UsageError: If cron has no words for its interval: one that divides neither an hour nor a day.

    Examples:
        >>> from lakesmith.project.settings import Schedule
        >>> cron_of(Duty("orders", Schedule(every="2h")))
        ('0 */2 * * *', 'UTC')
    """
    said = duty.schedule
    if said.cron is not None:
        return cron_line(said.cron), said.timezone
    every = said.every or DAY
    if every % MINUTE == timedelta(0):
        if every == MINUTE:
            return "* * * * *", "UTC"
        if every < HOUR and HOUR % every == timedelta(0):
            return f"*/{every // MINUTE} * * * *", "UTC"
        if every == HOUR:
            return "0 * * * *", "UTC"
        if every < DAY and every % HOUR == timedelta(0) and DAY % every == timedelta(0):
            return f"0 */{every // HOUR} * * *", "UTC"
        if every == DAY:
            return "0 0 * * *", "UTC"
    raise UsageError(
        f"Cron has no words for the rhythm of {duty.name}: {duty.rhythm()} divides neither an hour nor a day.",
        where="lakesmith.yml, schedule",
        fix="let `lakesmith up` run it, or write `cron:` instead of `every:`",
    )
