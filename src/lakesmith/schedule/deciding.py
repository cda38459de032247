"""Which start is due, and what becomes of those that nobody was awake for. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from lakesmith.project.ticks import ticks
from lakesmith.schedule.duties import Duty

MISSED, MERGED = "missed", "merged"
FAR_BACK = timedelta(days=366)
MANY = 10_000


@dataclass(frozen=True, slots=True)
class Left:
    """A start that does not happen: `state` is missed or merged, `reason` one sentence."""

    nominal_at: datetime
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do for one duty: the start that is due, None if there is none, and those that are left out for good.

    `is_late` says that nobody was awake at its time.
    """

    duty: Duty
    start: datetime | None = None
    left: tuple[Left, ...] = ()
    is_late: bool = False


def decide(duty: Duty, handled: datetime, awake_since: datetime, now: datetime) -> Decision:
    """Decide about the starts of a duty that came after `handled`, the newest one already settled.

    Several that wait for the same reason (another run goes on) become one: a run brings all that is new, whenever it starts. Starts
    that came before `awake_since` go by the policy `catch_up`: `last` runs the newest of them, `all` one after the other, `none` none.

    Args:
        duty: The duty.
        handled: The newest start that was settled; aware.
        awake_since: When this scheduler began to watch; aware.
        now: The time; aware.
    """
    since = max(handled, now - FAR_BACK)
    due = list(islice(ticks(duty.schedule, since, now), MANY))
    asleep = [tick for tick in due if tick < awake_since]
    policy = duty.schedule.catch_up
    if policy == "all" and asleep:
        return Decision(duty, asleep[0], is_late=True)
    left: list[Left] = []
    if policy == "none":
        left = [Left(tick, MISSED, "nobody was awake, and `catch_up: none` leaves it out") for tick in asleep]
        due = due[len(asleep) :]
    if not due:
        return Decision(duty, None, tuple(left))
    newest = due[-1]
    left += [Left(tick, MERGED, f"the start of {newest:%Y-%m-%d %H:%M} UTC brings it as well") for tick in due[:-1]]
    return Decision(duty, newest, tuple(left), is_late=newest < awake_since)


def retry_at(duty: Duty, failed_at: datetime, attempt: int) -> datetime | None:
    """Return when to try again after the attempt of that number (1 is the first) failed; None when no attempt is left.

    The pause doubles from attempt to attempt.
    """
    if attempt > duty.schedule.retries:
        return None
    return failed_at + duty.schedule.retry_after * (1 << (attempt - 1))
