"""How a history is played, and what each history of a server has: what was done, told as a story, and what is broken."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from lakesmith.testing.torture import victims
from lakesmith.testing.torture.laws import BrokenError

LINE = 400
"""Characters of a line of a story."""
REFUSED = "refused"
POINTS = (
    "run.load.begun",
    "run.load.split_read",
    "run.load.before_commit",
    "run.load.committed",
    "run.load.before_swap",
    "run.load.swapped",
    "lake.stage.rows_written",
    "lake.stage.closed",
    "lake.commit.prepared",
    "lake.commit.metadata_written",
    "lake.commit.landed",
    "lake.swap.prepared",
    "lake.swap.landed",
)
"""Where a victim dies."""
PASSES = (1, 1, 1, 2, 2, 3, 5, 8)
"""At which pass of such a point."""
Doing = TypeVar("Doing")
Table = Mapping[str, tuple[float, Doing]]
"""What may happen: how likely each is, and what it does."""


@dataclass(frozen=True, slots=True)
class Playing:
    """How a history is played: with at least so many `steps`; `number` tells its database from another one of the same seed."""

    steps: int
    number: int = 0
    theme: Any = None


@dataclass(slots=True)
class Scene:
    """A database of a server, where things happen by `chance`: how often each did, and the story of them."""

    server: Any
    database: str
    chance: random.Random
    steps: Counter[str] = field(default_factory=Counter, kw_only=True)
    story: list[str] = field(default_factory=list, kw_only=True)

    @property
    def url(self) -> str:
        """The address of the database."""
        return str(self.server.url(self.database))

    @property
    def done(self) -> int:
        """How many operations were done."""
        return sum(count for name, count in self.steps.items() if name != REFUSED)

    def tell(self, text: str) -> None:
        """Add a line to the story."""
        self.story.append(text if len(text) < LINE else f"{text[:LINE]}…")


@dataclass(slots=True)
class History:
    """The history of a seed, as far as it was played: what was done at its scene, and what is broken."""

    seed: int
    home: Path
    steps: int
    theme: Any
    figures: Counter[str] = field(default_factory=Counter, kw_only=True)
    broken: BrokenError | None = field(default=None, kw_only=True)

    @property
    def scene(self) -> Scene:
        """Where it happens."""
        raise NotImplementedError

    @property
    def head(self) -> str:
        """What its scene is like, in a few words."""
        raise NotImplementedError

    @property
    def reshaped(self) -> int:
        """How many operations changed the shape of what is there."""
        raise NotImplementedError

    def play(self) -> None:
        """Play all of it, to the first law that is broken."""
        try:
            self.act()
        except BrokenError as error:
            self.broken = error
            self.scene.tell(f"BROKEN {error}")

    def act(self) -> None:
        """Let things happen and loads run.

        Raises:
            BrokenError: If a law is broken.
        """
        raise NotImplementedError

    def ended(self, end: victims.End) -> None:
        """Count a load.

        Raises:
            BrokenError: If it neither went through, or was refused, nor was killed.
        """
        self.figures["loads"] += 1
        self.figures["killed"] += end.was_killed
        if not end.went_well and not end.was_killed:
            raise BrokenError("failed", f"a load ended with {end.complaint or end}")

    def counted(self, shape: str) -> dict[str, int]:
        """Return all that was counted; `shape` is what changes of the shape are called."""
        steps = {f"step {name}": count for name, count in self.scene.steps.items()}
        return {"histories": 1, "operations": self.scene.done, shape: self.reshaped, **steps, **self.figures}


def drawn(chance: random.Random, table: Table[Doing]) -> str:
    """Return the name of one thing that may happen."""
    return chance.choices(list(table), [weight for weight, _doing in table.values()])[0]


def drawn_table(chance: random.Random, tables: tuple[tuple[float, Table[Doing]], ...]) -> Table[Doing]:
    """Return one of several tables."""
    return chance.choices([table for _weight, table in tables], [weight for weight, _table in tables])[0]
