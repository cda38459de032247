"""Alerts of a project: what is due is queued and sent, and people try, mute and look."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from lakesmith.api.incidents import desk_of, who
from lakesmith.api.relations import Relations
from lakesmith.errors import SelectionError
from lakesmith.monitor.alerts import failing, mutes, vouching
from lakesmith.monitor.alerts.channels.sending import send
from lakesmith.monitor.alerts.delivery import Postman
from lakesmith.monitor.alerts.grouping import Situation, due
from lakesmith.monitor.alerts.messages import Scene, daily_note, note_of, trial_note
from lakesmith.monitor.alerts.queueing import (
    Writer,
    groups,
    put,
    queue,
    to_tell,
    what_was_told,
    write_test,
)
from lakesmith.monitor.alerts.queueing import suppress as suppressed
from lakesmith.monitor.alerts.routes import Address, Way, way_of, without_failing
from lakesmith.monitor.incidents.acting import note_action
from lakesmith.monitor.incidents.locking import alone, leave
from lakesmith.monitor.incidents.watches import about

if TYPE_CHECKING:
    from lakesmith.monitor.alerts.mutes import Mute
    from lakesmith.monitor.alerts.values import Sent
    from lakesmith.monitor.incidents.values import Incident
    from lakesmith.monitor.store import RunStore
    from lakesmith.run.workshop import Workshop

AFTER_A_RUN_S = 2.0
"""So long a run waits for its messages to go out; then they go on beside it."""

BUDGET_S = 10.0
"""So long one round of sending may take; what is left waits for the next."""

UP = "up"
"""The heartbeat of `lakesmith up` begins so, and ends with the target."""


def announce(shop: Workshop, store: RunStore, *, run_id: str | None = None) -> None:
    """Queue what is due, send what waits, and give the sign of life.

    Args:
        shop: The project on a target.
        store: The record of runs.
        run_id: The run that is just ending: what it found goes out at once, unless `lakesmith up` is there to wait for more, and
            after 2 s the run is kept waiting no longer. None by the clock.
    """
    settings = shop.config.alerts
    if not settings.reaches_anybody:
        return
    now = shop.host.clock.now()
    closing = run_id is not None and not vouching.is_alive(store, f"{UP} {shop.target.name}", now)
    if settings.channels:
        _queue(shop, store, closing=closing)
        _say_daily(shop, store)
        _send(shop, store, BUDGET_S if run_id is None else AFTER_A_RUN_S)
    _give_sign(shop, store, patient=run_id is None)


def _queue(shop: Workshop, store: RunStore, *, closing: bool) -> None:
    """Write down the messages that are due, and that their incidents are told by them."""
    settings, now, target = shop.config.alerts, shop.host.clock.now(), shop.target.name
    relations = Relations(shop)
    with alone(store, f"announce {target}", now) as (connection, _):
        incidents = to_tell(connection, target, now)
        if not incidents:
            return
        in_force = mutes.read(connection, now)
        writer = Writer(connection, now, lambda: shop.host.ids.run_id(now))
        broken = failing.failing_channels(incidents)
        ways, muted = {}, set()
        for incident in incidents:
            tags = _tags(shop, relations, incident, in_force)
            subjects = (incident.subject, *(one.subject for one in incident.touched))
            way = way_of(Address(subjects, incident.owner, tags, incident.severity), settings)
            way = without_failing(way, incident, settings, broken.get(incident.incident_id, ()))
            ways[incident.incident_id] = way
            silent = next((one for one in in_force if mutes.silences(one, incident, tags)), None)
            if silent is not None:
                muted.add(incident.incident_id)
                if incident.is_open:
                    suppressed(writer, incident, way.channels, way.route, silent)
        told = what_was_told(connection, [one.incident_id for one in incidents])
        last, busy = groups(connection, now)
        situation = Situation(now, incidents, ways, told, last, busy, muted, closing)
        scene = _scene(shop)
        for message in due(situation, settings.grouping):
            queue(writer, message, note_of(message.kind, message.incidents, scene))


def _tags(shop: Workshop, relations: Relations, incident: Incident, in_force: list[Mute]) -> frozenset[str]:
    """Return the tags of an incident's tables; dbt's manifest is read only where somebody chooses by a tag."""
    by_tag = any(route.tag for route in shop.config.alerts.routes) or any(
        one.select.startswith("tag:") for one in in_force
    )
    subjects = {incident.subject, *(one.subject for one in incident.parts)}
    return frozenset(tag for subject in subjects for tag in relations.tags_of(subject)) if by_tag else frozenset()


def _scene(shop: Workshop) -> Scene:
    now, address = shop.host.clock.now(), shop.config.alerts.address
    return Scene(shop.config.name, shop.target.name, now, address or "")


def _send(shop: Workshop, store: RunStore, patience_s: float) -> None:
    """Send what waits, each channel for itself, so that a slow one holds up no other; wait for that a while."""

    def failed(channel: str, told: str, given_up: bool) -> None:  # noqa: FBT001 - the postman's
        with alone(store, f"settle {shop.target.name}", shop.host.clock.now()) as (connection, _):
            failing.failed(desk_of(shop, connection), channel, told, given_up=given_up)

    def arrived(channel: str) -> None:
        with alone(store, f"settle {shop.target.name}", shop.host.clock.now()) as (connection, _):
            failing.arrived(desk_of(shop, connection), channel)

    postman = Postman(store, shop.host, shop.config.alerts.channels, failed, arrived)
    until = shop.host.clock.steady_s() + BUDGET_S
    threads = [_Round(postman, channel, until) for channel in postman.waiting_on()]
    for thread in threads:
        thread.start()
    give_up = time.monotonic() + patience_s
    for thread in threads:
        thread.join(max(give_up - time.monotonic(), 0.0))


class _Round(threading.Thread):
    """One round of sending over one channel. The process does not end before it, and it ends soon."""

    def __init__(self, postman: Postman, channel: str, until_s: float) -> None:
        super().__init__(name=f"alerts over {channel}")
        self.postman, self.channel, self.until_s = postman, channel, until_s

    def run(self) -> None:
        """Send; a record that cannot be written costs a message nothing: its claim runs out, and it is sent again."""
        with suppress(Exception):
            self.postman.deliver(self.channel, self.until_s)


def _say_daily(shop: Workshop, store: RunStore) -> None:
    """Queue the message of the day, once, if the platform can vouch for itself."""
    daily, now, target = shop.config.alerts.heartbeat.daily, shop.host.clock.now(), shop.target.name
    if daily is None:
        return
    there = now.astimezone(ZoneInfo(daily.timezone))
    if f"{there:%H:%M}" < daily.at or vouching.why_not(store, target, now):
        return
    with alone(store, f"daily {target}", now) as (connection, said):
        if said == f"{there:%Y-%m-%d}":
            return
        leave(connection, f"daily {target}", f"{there:%Y-%m-%d}")
        incidents = [one for one in to_tell(connection, target, now) if one.is_open]
        note = daily_note(_scene(shop), incidents, vouching.counts(connection, target, now))
        writer = Writer(connection, now, lambda: shop.host.ids.run_id(now))
        for channel in daily.channels:
            put(writer, ("daily", channel, ""), note)


def _give_sign(shop: Workshop, store: RunStore, *, patient: bool) -> None:
    """Tell somebody outside that the platform watches, as long as it can say so; their alarm goes off when this stops."""
    heartbeat, now, target = shop.config.alerts.heartbeat, shop.host.clock.now(), shop.target.name
    if heartbeat.url is None or vouching.why_not(store, target, now):
        return
    with alone(store, f"sign {target}", now) as (connection, last):
        if last and now - datetime.fromisoformat(last) < heartbeat.every:
            return
        leave(connection, f"sign {target}", now.astimezone(UTC).isoformat())
    sign = threading.Thread(target=vouching.give_sign, args=(heartbeat,), name="sign of life")
    sign.start()
    if patient:
        sign.join()


@dataclass(frozen=True, slots=True)
class Explained:
    """Where messages about a table go, and why. `muted_by` holds the mutes that keep them back now."""

    subject: str
    owner: str
    tags: tuple[str, ...]
    severity: str
    way: Way
    muted_by: tuple[Mute, ...] = field(default=())


def explain(shop: Workshop, store: RunStore, subject: str) -> list[Explained]:
    """Return where messages about a table would go, for each severity."""
    said, relations = about(subject, shop.config.monitor.tables), Relations(shop)
    owner, tags = relations.owner_of(subject), relations.tags_of(subject)
    found = []
    for severity in ("error", "warn") if said.severity == "error" else ("warn",):
        way = way_of(Address((subject,), owner, tags, severity), shop.config.alerts)
        silent = [one for one in mutes.in_force(store, shop.host.clock.now()) if _is_about(one, subject, owner, tags)]
        found.append(Explained(subject, owner, tuple(sorted(tags)), severity, way, tuple(silent)))
    return found


def _is_about(mute: Mute, subject: str, owner: str, tags: frozenset[str]) -> bool:
    from lakesmith.monitor.incidents.watches import fits

    method, colon, value = mute.select.partition(":")
    if colon and method in ("owner", "tag"):
        return owner == value if method == "owner" else value in tags
    return fits(subject, mute.select)


def try_out(shop: Workshop, store: RunStore, channel: str | None = None) -> list[tuple[str, Sent]]:
    """Send a marked message over a channel, or over all; return what came back of each.

    Raises:
        SelectionError: If the project has no such channel, or none at all.
    """
    channels = shop.config.alerts.channels
    if not channels or (channel is not None and channel not in channels):
        named = f"There is no channel {channel!r}." if channel else "The project has no channel to send to."
        known = ", ".join(channels) or "none yet: add `alerts.channels`"
        raise SelectionError(named, where="lakesmith.yml: alerts.channels", fix=f"channels are: {known}")
    came_back = []
    for name in [channel] if channel else list(channels):
        now = shop.host.clock.now()
        note, delivery_id = trial_note(_scene(shop), name), shop.host.ids.run_id(now)
        sent = send(channels[name], note, delivery_id, now)
        with store.engine.begin() as connection:
            write_test(Writer(connection, now, lambda given=delivery_id: given), name, note, sent)  # type: ignore[misc]
        came_back.append((name, sent))
    return came_back


def mute(shop: Workshop, store: RunStore, select: str, *, until: datetime, reason: str) -> Mute:
    """Keep messages about a selection back until then, for a reason.

    Raises:
        UsageError: If there is no reason, or `until` is not ahead.
    """
    now = shop.host.clock.now()
    made = mutes.Mute(shop.host.ids.run_id(now), select, shop.host.secrets.mask(reason), who(), now, until)
    with store.engine.begin() as connection:
        mutes.add(connection, made)
        note_action(connection, now, (made.actor, "cli"), ("alerts.mute", select, made.reason))
    return made


def unmute(shop: Workshop, store: RunStore, which: str) -> Mute:
    """End a mute, by its id's beginning or its selection.

    Raises:
        SelectionError: If none, or more than one, is meant.
    """
    now = shop.host.clock.now()
    with store.engine.begin() as connection:
        ended = mutes.end(connection, which, now)
        note_action(connection, now, (who(), "cli"), ("alerts.unmute", ended.select, ended.mute_id))
    return ended
