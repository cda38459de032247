"""Web analytics, which sees the visitors who let it, and some of them only the day after."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from lakesmith.simulate.company import mix
from lakesmith.simulate.sales_marketing.business import DIRECT, ORGANIC, Origin
from lakesmith.simulate.sales_marketing.life import Life
from lakesmith.simulate.sales_marketing.records import Event
from lakesmith.simulate.world import as_date

KINDS: Final = ("sessions",)


@dataclass(frozen=True, slots=True)
class Analytics:
    """What is known at the end of `today`, as `Records`."""

    life: Life
    today: int

    def records(self, name: str) -> Sequence[Mapping[str, Any]]:
        """Return sessions by day, source, medium and campaign, in that order, by the names GA4 has for them.

        Raises:
            KeyError: If there is no such kind.
        """
        if name not in KINDS:
            raise KeyError(name)
        counted: dict[tuple[date, str, str, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
        users: dict[tuple[date, str, str, str], set[int]] = defaultdict(set)
        signed_up = {event.session for event in self._events() if event.kind == "signup"}
        views: dict[int, int] = defaultdict(int)
        for event in self._events():
            views[event.session] += event.kind in {"session_start", "page_view"}
        for event in self._events():
            if event.origin is not None and self._is_seen(event):
                key = (as_date(event.at // 1_440), *_said(event.origin))
                counts = counted[key]
                counts[0] += 1
                counts[1] += views[event.session] > 1
                counts[2] += event.session in signed_up
                counts[3] += views[event.session]
                users[key].add(event.visitor)
        names = ("date", "sessionSource", "sessionMedium", "sessionCampaignName")
        return [
            {
                **dict(zip(names, key, strict=True)),
                "sessions": sessions,
                "engagedSessions": engaged,
                "totalUsers": len(users[key]),
                "screenPageViews": pages,
                "keyEvents": float(signups),
                "totalRevenue": Decimal(),
            }
            for key, (sessions, engaged, signups, pages) in sorted(counted.items())
        ]

    def _events(self) -> Sequence[Event]:
        """Return every event once, as it was first written."""
        found: dict[int, Event] = {}
        for day in sorted(self.life.writes):
            if day <= self.today:
                for record, _ in self.life.writes[day]:
                    if isinstance(record, Event):
                        found.setdefault(record.number, record)
        return list(found.values())

    def _is_seen(self, event: Event) -> bool:
        lot = mix(self.life.business.salt_of("consent") + event.visitor) % 10
        is_late = mix(event.session) % 10 == 0
        return lot < 8 and not (is_late and self.life.business.day_of(event.at) == self.today)  # noqa: PLR2004 - eight in ten agree


def _said(origin: Origin) -> tuple[str, str, str]:
    if origin.utm is not None:
        return origin.utm
    if origin == ORGANIC:
        return "google", "organic", "(organic)"
    return ("(direct)", "(none)", "(direct)") if origin == DIRECT else ("deskblog.example", "referral", "(referral)")
