"""What every page is gathered from: the project, one connection to its record, and one moment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Select

from lakesmith.about import __version__
from lakesmith.monitor.writing import stamp
from lakesmith.pages.views.common import Place
from lakesmith.run.workshop import Workshop

if TYPE_CHECKING:
    from lakesmith.api.viewing.standing import Standing
    from lakesmith.monitor.reading import History

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Desk:
    """A project on one target, the record of its runs, and when it is looked at. `known` holds what was found once for this look."""

    shop: Workshop
    connection: Connection
    now: datetime
    judged: Standing
    history: History
    store: str = ""
    known: dict[str, Any] = field(default_factory=dict)

    @property
    def standing(self) -> Standing:
        """What every rule thinks now; brought up to date when a look first asks for it."""
        if "standing" not in self.known:
            self.judged.read(self.connection, self.now)
            self.known["standing"] = True
        return self.judged

    @property
    def target(self) -> str:
        """The name of the target."""
        return self.shop.target.name

    @property
    def place(self) -> Place:
        """Which project and target this is, and when."""
        return Place(self.shop.config.name, self.target, self.now, __version__)

    def ago(self, **span: float) -> str:
        """Return a moment in the past as the record writes it."""
        return stamp(self.now - timedelta(**span))

    def all(self, query: Select[Any]) -> list[Mapping[str, Any]]:
        """Return the rows of a query by column name."""
        return [dict(row) for row in self.connection.execute(query).mappings()]

    def first(self, query: Select[Any]) -> Mapping[str, Any] | None:
        """Return the first row of a query, None if there is none."""
        row = self.connection.execute(query.limit(1)).mappings().first()
        return dict(row) if row else None

    def number(self, query: Select[Any]) -> int:
        """Return the one number that a query answers with."""
        return int(self.connection.execute(query).scalar() or 0)

    def owner_of(self, name: str) -> str:
        """Return who owns a table, empty if nobody does."""
        owner = ""
        for pattern, watch in self.shop.config.monitor.tables.items():
            if watch.owner and fnmatchcase(name, pattern):
                owner = watch.owner
        return owner

    def tags_of(self, name: str) -> tuple[str, ...]:
        """Return the tags of a table."""
        found = [watch.tags for pattern, watch in self.shop.config.monitor.tables.items() if fnmatchcase(name, pattern)]
        return tuple(dict.fromkeys(tag for tags in found for tag in tags))

    def names(self, sources: Iterable[str] | None = None) -> list[str]:
        """Return the streams of the project, or of some sources."""
        wanted = None if sources is None else set(sources)
        streams = (spec.id for spec in self.shop.config.streams())
        return [str(stream) for stream in streams if wanted is None or stream.source in wanted]


def at(text: str | None) -> datetime | None:
    """Return a moment that the record has written."""
    return datetime.fromisoformat(text) if text else None


def worst(verdicts: Sequence[str]) -> str:
    """Return the worst of verdicts; unknown where there is none.

    Examples:
        >>> worst(["good", "learning"]), worst([])
        ('learning', 'unknown')
    """
    return min(verdicts, key=lambda verdict: ORDER.get(verdict, 2), default="unknown")


ORDER = {"bad": 0, "warn": 1, "unknown": 2, "learning": 3, "good": 4}
