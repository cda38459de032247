"""A schedule as units of systemd: a service and a timer for each duty. Times are those of systemd.time(7)."""

from __future__ import annotations

from collections.abc import Sequence

from lakesmith.schedule.duties import Duty
from lakesmith.schedule.prints.commands import Place, command_of
from lakesmith.schedule.prints.rhythms import cron_of

_DAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
_DAY_WORDS = {name.lower(): number for number, name in enumerate(_DAYS)}
_MONTH_WORDS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}


def units(duties: Sequence[Duty], place: Place) -> dict[str, str]:
    """Return the text of each unit by its file name.

    A timer that the machine slept through starts once when it wakes up (`Persistent`), as `catch_up: last` says; with `none` it does not.

    Raises:
        UsageError: If there are no words for a rhythm.
    """
    found = {}
    for duty in duties:
        name = f"lakesmith-{place.project}-{duty.name}"
        found[f"{name}.service"] = _service(duty, place)
        found[f"{name}.timer"] = _timer(duty, place)
    return found


def calendar_lines(cron: str, timezone: str) -> list[str]:
    """Return a cron line as `OnCalendar` values.

    Cron starts when the day of the month or the weekday fits, where both are given; systemd wants both to fit, so that there are two lines.

    Examples:
        >>> calendar_lines("0 6 * * mon-fri", "Europe/Berlin")
        ['Mon,Tue,Wed,Thu,Fri *-*-* 6:0:00 Europe/Berlin']
        >>> calendar_lines("*/15 8-9 1 * *", "UTC")
        ['*-*-1 8,9:0,15,30,45:00 UTC']
    """
    minute, hour, day, month, weekday = cron.split()
    clock = f"{_listed(hour, 0, 23)}:{_listed(minute, 0, 59)}:00 {timezone}"
    months = _listed(month, 1, 12, _MONTH_WORDS)
    days = _listed(day, 1, 31)
    numbers = [] if weekday == "*" else sorted({number % 7 for number in _numbers(weekday, 0, 7, _DAY_WORDS)})
    named = ",".join(_DAYS[number] for number in numbers)
    if named and days != "*" and not day.startswith("*") and not weekday.startswith("*"):
        return [f"*-{months}-{days} {clock}", f"{named} *-{months}-* {clock}"]
    return [f"{named} *-{months}-{days} {clock}".strip()]


def _listed(field: str, low: int, high: int, words: dict[str, int] | None = None) -> str:
    return "*" if field == "*" else ",".join(map(str, sorted(set(_numbers(field, low, high, words or {})))))


def _numbers(field: str, low: int, high: int, words: dict[str, int]) -> list[int]:
    """Return what a field of a checked cron line means."""
    found: list[int] = []
    for item in field.split(","):
        span, _, step = item.partition("/")
        first, _, last = span.partition("-")
        if first == "*":
            start, end = low, high
        else:
            start = words.get(first.lower()) if first.lower() in words else int(first)  # type: ignore[assignment]
            told = last or (str(high) if step else first)
            end = words[told.lower()] if told.lower() in words else int(told)
        found += range(start, end + 1, int(step or 1))
    return found


def _service(duty: Duty, place: Place) -> str:
    command = " ".join(_quoted(word) for word in command_of(duty, place))
    return (
        "[Unit]\n"
        f"Description=Lakesmith {place.project}: {duty.name}\n"
        "After=network-online.target\nWants=network-online.target\n\n"
        "[Service]\nType=oneshot\n"
        f"WorkingDirectory={_path(place)}\n"
        "Environment=LAKESMITH_TRIGGER=systemd "
        f"LAKESMITH_PIPELINE={duty.name}\n"
        f"ExecStart={command}\n"
        "KillSignal=SIGINT\nTimeoutStopSec=300\n"
    )


def _timer(duty: Duty, place: Place) -> str:
    lines = "".join(f"OnCalendar={line}\n" for line in calendar_lines(*cron_of(duty)))
    persistent = "false" if duty.schedule.catch_up == "none" else "true"
    return (
        "[Unit]\n"
        f"Description=When Lakesmith runs {duty.name} of {place.project}\n\n"
        f"[Timer]\n{lines}Persistent={persistent}\n\n"
        "[Install]\nWantedBy=timers.target\n"
    )


def _path(place: Place) -> str:
    return str(place.folder).replace("%", "%%")


def _quoted(word: str) -> str:
    """Return a word of a command line as systemd reads it: quoted where it has to be, `%` and `$` doubled."""
    doubled = word.replace("%", "%%").replace("$", "$$")
    if all(letter.isalnum() or letter in "-_./:=@,+%$" for letter in doubled):
        return doubled
    escaped = doubled.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
