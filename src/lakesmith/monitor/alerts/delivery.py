"""Sends what waits: each message by one process, again and again until it arrives, is given up, or was claimed by one that died."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, or_, select, update

from lakesmith.host import Host
from lakesmith.monitor import tables
from lakesmith.monitor.alerts.channels.sending import send
from lakesmith.monitor.alerts.queueing import delivery_of, note_from
from lakesmith.monitor.alerts.values import FAILED, SENDING, SENT, WAITING, Delivery, Sent
from lakesmith.monitor.writing import stamp

if TYPE_CHECKING:
    from lakesmith.monitor.store import RunStore
    from lakesmith.project.alerting import Channel

CLAIM = timedelta(seconds=60)
"""After so long a message that somebody began to send and never finished is free again."""

FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=1)
GIVE_UP = timedelta(hours=24)
COMPLAIN_AFTER = 3
"""After so many failures a channel is an incident of its own; after a refusal at once."""


@dataclass(frozen=True, slots=True)
class Postman:
    """Sends the messages of a store. `on_failure` and `on_success` are told of a channel, and on failure also what came back."""

    store: RunStore
    host: Host
    channels: Mapping[str, Channel]
    on_failure: Callable[[str, str, bool], None] = lambda _channel, _told, _given_up: None
    on_success: Callable[[str], None] = lambda _channel: None

    def deliver(self, channel: str, until_s: float) -> int:
        """Send what is due on a channel, until nothing is, or the steady clock shows `until_s`; return how many arrived."""
        arrived = 0
        while self.host.clock.steady_s() < until_s:
            delivery = self._claim(channel)
            if delivery is None:
                break
            arrived += self._send(delivery)
        return arrived

    def waiting_on(self) -> list[str]:
        """Return the channels on which something is due."""
        table, now = tables.delivery, self.host.clock.now()
        query = select(table.c.channel).where(_is_due(now)).distinct()
        with self.store.engine.connect() as connection:
            return [row.channel for row in connection.execute(query)]

    def _claim(self, channel: str) -> Delivery | None:
        """Take the oldest message that is due; another process that wants it too finds it changed."""
        table, now = tables.delivery, self.host.clock.now()
        query = select(table).where(table.c.channel == channel, _is_due(now)).order_by(table.c.queued_at).limit(1)
        while True:
            with self.store.engine.connect() as connection:
                row = connection.execute(query).mappings().first()
            if row is None:
                return None
            mine = and_(
                table.c.delivery_id == row["delivery_id"],
                table.c.state == row["state"],
                table.c.attempts == row["attempts"],
            )
            taken = {"state": SENDING, "attempts": row["attempts"] + 1, "next_try_at": stamp(now + CLAIM)}
            with self.store.engine.begin() as connection:
                if connection.execute(update(table).where(mine).values(**taken)).rowcount == 1:
                    return delivery_of({**dict(row), **taken})

    def _send(self, delivery: Delivery) -> bool:
        found = self.channels.get(delivery.channel)
        if found is None:
            self._end(delivery, state=FAILED, fault="the project has no such channel any more", next_try_at=None)
            return False
        sent = send(found, note_from(delivery.body), delivery.delivery_id, self.host.clock.now())
        now = self.host.clock.now()
        if sent.ok:
            if self._end(delivery, state=SENT, sent_at=stamp(now), next_try_at=None, fault=""):
                self.on_success(delivery.channel)
            return True
        given_up = now - delivery.queued_at >= GIVE_UP
        again = None if given_up else stamp(now + wait_after(delivery.attempts, sent))
        fault = self.host.secrets.mask(sent.told)
        self._end(delivery, state=FAILED if given_up else WAITING, fault=fault, next_try_at=again)
        if given_up or sent.final or delivery.attempts >= COMPLAIN_AFTER:
            self.on_failure(delivery.channel, fault, given_up)
        return False

    def _end(self, delivery: Delivery, **values: Any) -> bool:
        """Write down what became of a claimed message, unless somebody else has claimed it since."""
        table = tables.delivery
        mine = (
            table.c.delivery_id == delivery.delivery_id,
            table.c.state == SENDING,
            table.c.attempts == delivery.attempts,
        )
        with self.store.engine.begin() as connection:
            return connection.execute(update(table).where(*mine).values(**values)).rowcount == 1


def wait_after(attempts: int, sent: Sent) -> timedelta:
    """Return how long to wait after a number of failed attempts: 30 s, doubled each time, at most an hour.

    Examples:
        >>> [int(wait_after(n, Sent(False, "")).total_seconds()) for n in (1, 2, 3, 9)]
        [30, 60, 120, 3600]
    """
    asked = timedelta(seconds=sent.wait_s or 0)
    doubled: timedelta = FIRST_WAIT * (1 << min(attempts - 1, 10))
    return min(max(doubled, asked), LONGEST_WAIT)


def _is_due(now: datetime) -> Any:
    table = tables.delivery
    return or_(
        and_(table.c.state == WAITING, table.c.next_try_at <= stamp(now)),
        and_(table.c.state == SENDING, table.c.next_try_at <= stamp(now)),
    )
