"""Which route takes an incident: the first that fits. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from lakesmith.monitor.incidents.values import DELIVERY, Incident
from lakesmith.monitor.incidents.watches import fits
from lakesmith.project.alerting import AlertsSettings, Route

DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Way:
    """A route by name, and the channels it leads to."""

    route: str
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Address:
    """What routes choose by."""

    subjects: tuple[str, ...]
    owner: str
    tags: Collection[str]
    severity: str


def way_of(address: Address, settings: AlertsSettings) -> Way:
    """Return the way that messages about something go."""
    for number, route in enumerate(settings.routes, start=1):
        if takes(route, address):
            return Way(route.name or f"route {number}", tuple(dict.fromkeys(route.channels)))
    return Way(DEFAULT, settings.fallback())


def takes(route: Route, address: Address) -> bool:
    """Whether all conditions of a route hold."""
    return (
        (route.owner is None or route.owner == address.owner)
        and (route.tag is None or route.tag in address.tags)
        and (route.severity is None or route.severity == address.severity)
        and (route.select is None or any(fits(subject, route.select) for subject in address.subjects))
    )


def without_failing(way: Way, incident: Incident, settings: AlertsSettings, failing: Sequence[str]) -> Way:
    """Return a way on which a failing channel is not asked to tell of itself: by the others, if its own way has none."""
    if incident.rule != DELIVERY:
        return way
    left = tuple(name for name in way.channels if name not in failing)
    return Way(way.route, left or tuple(name for name in settings.channels if name not in failing))
