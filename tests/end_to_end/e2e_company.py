"""The demo company's first three days, lived through once with real processes; evidence is put aside along the way."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from pathlib import Path

from e2e_home import Home, Ran

from lakesmith.simulate import Company, deliver

SCALE = 0.2
HEAVY = ("pyiceberg", "polars", "duckdb", "pyarrow", "dbt", "pandas", "numpy")
EVIDENCE = ("lake", ".lakesmith", "target", "data", "models", "macros", "tests")
"""What a copy for readers can do without."""


@dataclass(frozen=True)
class Stage:
    """The company at one moment: what the run said, what readers could open, and which deliveries that stands for."""

    name: str
    ran: Ran
    readers: Home
    through: int
    cut_short: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Idle:
    """A run with nothing new: what it said and imported, and whether anything moved."""

    ran: Ran
    imported: set[str]
    moved: dict
    metadata: tuple[dict, dict]


@dataclass
class Life:
    """The company, its folder, and the stages so far."""

    root: Path
    company: Company = field(default_factory=lambda: Company(scale=SCALE))

    def __post_init__(self):
        self.home = Home(self.root / "acme")
        made = Home(self.root).lakesmith("init", "acme", "--template", "b2b-sales")
        assert made.code == 0, made.err

    @property
    def data(self):
        """The delivered files, once all have come."""
        assert self.resent
        return self.home.root / "data"

    def date(self, day):
        return str(self.company.start + timedelta(days=day - 1))

    def _run(self, day, *words, env=None):
        return self.home.run("--date", self.date(day), *words, env=env)

    def _stage(self, name, ran, through, *cut_short):
        return Stage(name, ran, self.home.copy(self.root / name, *EVIDENCE), through, frozenset(cut_short))

    @cached_property
    def day_1(self):
        deliver(self.company, self.home.root, 1)
        return self._stage("day-1", self._run(1), 1)

    @cached_property
    def idle(self):
        """Run again after day 1, watching the interpreter's imports."""
        assert self.day_1
        places = ("warehouse", "lake", "final", "target")
        files, metadata = self.home.files(*places), self.home.metadata()
        ran = self.home.call(sys.executable, "-X", "importtime", "-m", "lakesmith", "run")
        imported = {line.rsplit("|", 1)[1].strip() for line in ran.err.splitlines() if line.startswith("import time:")}
        after = self.home.files(*places)
        moved = {path for path in {*files, *after} if files.get(path) != after.get(path)}
        return Idle(ran, imported, moved, (metadata, self.home.metadata()))

    @cached_property
    def selections(self):
        """Day 2 by selections, then all of it; return what each run said and which tables and marts moved."""
        assert self.idle
        deliver(self.company, self.home.root, 2)
        seen = []
        for words in (
            ("--select", "source:backoffice.leads+", "--exclude", "mart_daily_metrics"),
            ("--select", "+mart_traffic"),
            ("--select", "tag:report"),
            (),
        ):
            before, versions = self.home.metadata(), self.home.versions()
            ran = self._run(2, *words)
            tables = {name for name, where in self.home.metadata().items() if before[name] != where}
            marts = {name for name, files in self.home.versions().items() if versions[name] != files}
            seen.append((ran, tables, marts))
        return seen

    @cached_property
    def day_2(self):
        return self._stage("day-2", self.selections[-1][0], 2)

    @cached_property
    def killed(self):
        """Day 3 with a new column and a file cut short; the run is killed in the second of its commits."""
        assert self.day_2
        deliver(self.company, self.home.root, 3, cut_short=True)
        before = self.home.metadata()
        self._run(3, env={"LAKESMITH_CRASH": "run.load.before_commit:2"})
        return {name for name, where in self.home.metadata().items() if before[name] != where}

    @cached_property
    def day_3(self):
        assert self.killed
        return self._stage("day-3", self._run(3), 3, 3)

    @cached_property
    def resent(self):
        assert self.day_3
        deliver(self.company, self.home.root, 3)
        return self._stage("resent", self._run(3), 3)
