"""When which incidents are told together: 30 s, 5 min, 4 h, and one digest in a storm. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from lakesmith.monitor.alerts.routes import Way
from lakesmith.monitor.alerts.values import DIGEST, ENDED, OPENED, REPEAT, UPDATE, Told
from lakesmith.monitor.incidents.values import ERROR, OPEN, Incident
from lakesmith.project.alerting import Grouping

FLAPS = 4
"""So many messages about one incident that comes and goes are sent within the time after which one is repeated."""
EVERY_ROUTE = "*"
"""The route of a digest: it is about all that would have gone over its channel."""


@dataclass(frozen=True, slots=True)
class Situation:
    """All that decides what is told now.

    `ways` is where each incident goes; `told` what was told of it, by incident and channel; `last` when a group had its last message;
    `busy` are groups whose last message has not gone out yet. `closing`: nobody will come back soon, so nothing waits for more.
    """

    now: datetime
    incidents: Sequence[Incident]
    ways: Mapping[str, Way]
    told: Mapping[tuple[str, str], Sequence[Told]]
    last: Mapping[tuple[str, str], datetime]
    busy: Collection[tuple[str, str]] = ()
    muted: Collection[str] = ()
    closing: bool = False


@dataclass(frozen=True, slots=True)
class Due:
    """A message to be sent now: of which kind, to which group, about which incidents."""

    kind: str
    route: str
    channel: str
    incidents: tuple[Incident, ...]


@dataclass(slots=True)
class _Group:
    new: list[Incident] = field(default_factory=list)
    changed: list[Incident] = field(default_factory=list)
    over: list[Incident] = field(default_factory=list)
    again: list[Incident] = field(default_factory=list)

    def kind(self) -> str:
        """Return what a message about all of it is."""
        if self.new:
            return UPDATE if self.changed or self.over else OPENED
        return UPDATE if self.changed else ENDED if self.over else REPEAT

    def all(self) -> tuple[Incident, ...]:
        """Return the incidents, the new ones first."""
        return (*self.new, *self.changed, *self.over, *self.again)


def due(situation: Situation, rules: Grouping) -> list[Due]:
    """Return the messages that are to be sent now."""
    messages = []
    for channel, groups in _by_channel(situation, rules).items():
        if sum(len(group.new) for group in groups.values()) >= rules.storm:
            storm = tuple(incident for group in groups.values() for incident in group.all())
            routes = [route for route, group in groups.items() if group.new]
            if any(_is_time(situation, rules, (route, channel), groups[route]) for route in routes):
                messages.append(Due(DIGEST, EVERY_ROUTE, channel, storm))
            continue
        for route, group in groups.items():
            if group.all() and _is_time(situation, rules, (route, channel), group):
                messages.append(Due(group.kind(), route, channel, group.all()))
    return messages


def _by_channel(situation: Situation, rules: Grouping) -> dict[str, dict[str, _Group]]:
    found: dict[str, dict[str, _Group]] = defaultdict(lambda: defaultdict(_Group))
    for incident in situation.incidents:
        way = situation.ways.get(incident.incident_id)
        if way is None or incident.incident_id in situation.muted:
            continue
        for channel in way.channels:
            if not {(way.route, channel), (EVERY_ROUTE, channel)} & set(situation.busy):
                _sort(
                    incident,
                    found[channel][way.route],
                    situation.told.get((incident.incident_id, channel), ()),
                    situation,
                    rules,
                )
    return found


def _sort(incident: Incident, group: _Group, told: Sequence[Told], situation: Situation, rules: Grouping) -> None:
    """Put an incident where it belongs in its group, if it has to be told at all."""
    # who was told of it and not of its end takes it for open, however often it came and went since
    is_known = bool(told) and told[-1].kind != ENDED
    since = told if is_known else [one for one in told if one.at >= incident.began_at]
    is_worse = incident.is_open and bool(told) and incident.severity == ERROR != told[-1].severity
    if not (is_worse or (incident.is_open and is_known)) and _comes_and_goes(told, situation, rules):
        return
    if not incident.is_open:
        if is_known:
            group.over.append(incident)
    elif not since:
        group.new.append(incident)
    elif _is_worse(incident, since[-1]):
        group.changed.append(incident)
    elif incident.state == OPEN and situation.now - since[-1].at >= rules.repeat:
        group.again.append(incident)


def _comes_and_goes(told: Sequence[Told], situation: Situation, rules: Grouping) -> bool:
    """Whether enough was said of an incident lately: how it ends is told when it has been quiet for long enough."""
    return sum(situation.now - one.at < rules.repeat for one in told) >= FLAPS


def _is_worse(incident: Incident, last: Told) -> bool:
    if incident.severity == ERROR != last.severity:
        return True
    return incident.state == OPEN and len(incident.parts) > last.parts


def _is_time(situation: Situation, rules: Grouping, key: tuple[str, str], group: _Group) -> bool:
    """Whether a group has waited long enough: for others to come, and since its last message."""
    if situation.closing:
        return True
    before = (situation.last.get(key), situation.last.get((EVERY_ROUTE, key[1])))
    last = max(filter(None, before), default=None)
    if last is not None and situation.now - last < rules.update:
        return False
    first = min((one.began_at for one in group.new), default=None)
    return first is None or situation.now - first >= rules.wait or bool(group.changed or group.again)
