"""The pages of the console: a table of addresses, what is asked of each, how it is gathered and drawn, and its twin on the command line."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lakesmith.api.viewing import Viewing
from lakesmith.api.viewing.tables import SORTS
from lakesmith.pages.console import front, incidents, quarantine, run, runs, sources, system, tables
from lakesmith.pages.frame import Chrome

LONGEST_WISH = 120
MOST_SKIPPED = 1_000_000
_TEXT = re.compile(rf".{{0,{LONGEST_WISH}}}")
_NUMBER = re.compile(r"\d{1,7}")


@dataclass(frozen=True, slots=True)
class Page:
    """One page. `path` may hold one `{key}`; `wishes` maps what may be asked to the values it may have (a pattern or a set)."""

    path: str
    section: str
    gather: Callable[..., Any]
    draw: Callable[[Any, Chrome], str]
    command: str
    wishes: Mapping[str, re.Pattern[str] | frozenset[str]] = field(default_factory=dict)

    @property
    def twin(self) -> str:
        """The address of the JSON twin."""
        return "/today.json" if self.path == "/" else f"{self.path}.json"

    def read(self, asked: Mapping[str, list[str]]) -> dict[str, Any] | None:
        """Return what is asked, checked; None if it is anything that this page does not know."""
        given: dict[str, Any] = {}
        for name, values in asked.items():
            allowed = self.wishes.get(name)
            if allowed is None or len(values) != 1:
                return None
            value = values[0]
            fits = value in allowed if isinstance(allowed, frozenset) else allowed.fullmatch(value)
            if value and not fits:
                return None
            given[name] = int(value) if allowed is _NUMBER and value else value
        return {name: value for name, value in given.items() if value != ""}


_STATES = frozenset(runs.STATES)
_VERDICTS = frozenset({"good", "warn", "bad", "unknown", "learning"})

PAGES = (
    Page("/", "Today", Viewing.today, front.render, "lakesmith status"),
    Page(
        "/runs",
        "Runs",
        Viewing.runs,
        runs.render,
        "lakesmith runs",
        {"state": _STATES, "pipeline": _TEXT, "before": re.compile(r"[0-9A-Za-z_-]{1,64}")},
    ),
    Page("/runs/{key}", "Runs", Viewing.run, run.render, "lakesmith runs {key}"),
    Page("/sources", "Sources", Viewing.sources, sources.render, "lakesmith sources"),
    Page("/sources/{key}", "Sources", Viewing.source, sources.render_one, "lakesmith sources {key}"),
    Page(
        "/tables",
        "Tables",
        Viewing.tables,
        tables.render,
        "lakesmith tables",
        {"sort": frozenset(SORTS), "verdict": _VERDICTS, "find": _TEXT, "start": _NUMBER},
    ),
    Page("/tables/{key}", "Tables", Viewing.table, tables.render_one, "lakesmith tables {key}"),
    Page(
        "/incidents",
        "Incidents",
        Viewing.incidents,
        incidents.render,
        "lakesmith incidents",
        {"state": frozenset({"open", "all"}), "start": _NUMBER},
    ),
    Page("/incidents/{key}", "Incidents", Viewing.incident, incidents.render_one, "lakesmith incidents show {key}"),
    Page("/quarantine", "Quarantine", Viewing.quarantine, quarantine.render, "lakesmith quarantine show"),
    Page("/system", "System", Viewing.system, system.render, "lakesmith doctor"),
)
