"""Which runs are about which tables, and what is promised of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import tzinfo
from functools import cached_property
from typing import TYPE_CHECKING

from lakesmith.errors import LakesmithError
from lakesmith.monitor.judging.calendar import watch_of
from lakesmith.monitor.judging.freshness import Promise
from lakesmith.project.settings import Schedule
from lakesmith.run.watching import zone_of

if TYPE_CHECKING:
    from lakesmith.api.relations import Relations
    from lakesmith.monitor.judging.rows import Tried
    from lakesmith.project.monitoring import Watch
    from lakesmith.run.workshop import Workshop

EXCLUDE = "--exclude"
LONGEST = 0.95
LATELY = 30
SOURCE = "source:"
NOT_PLAIN = frozenset(",*?[")
"""Signs of a selection that only the graph understands."""


class Promises:
    """What a project promises of its tables. Selections are resolved when first asked for."""

    def __init__(self, shop: Workshop, relations: Relations) -> None:
        self._shop, self._relations = shop, relations
        self._covered: dict[tuple[str, str], frozenset[str] | None] = {}
        self._last: Sequence[Tried] | None = None
        self._keys: set[tuple[str, str]] = set()
        self._about: dict[frozenset[tuple[str, str]], list[Tried]] = {}
        self._lengths: dict[int, tuple[Sequence[Tried], float]] = {}
        self.streams = tuple(str(spec.id) for spec in shop.config.streams())

    @property
    def zone(self) -> tzinfo:
        """The zone of the project's days."""
        return zone_of(self._shop)

    def watch(self, subject: str) -> Watch:
        """Return how a table is watched."""
        return watch_of(self._shop.config.monitor, subject)

    def covers(self, selection: str, pipeline: str, subject: str) -> bool:
        """Whether a run of a selection is about a table."""
        key = (selection, pipeline)
        if key not in self._covered:
            self._covered[key] = self._resolve(selection)
        known = self._covered[key]
        return known is None or subject in known

    def about(self, runs: Sequence[Tried], subject: str) -> list[Tried]:
        """Return the runs that were about a table, in the order they come in."""
        keys = {(run.selection, run.pipeline) for run in runs} if runs is not self._last else self._keys
        if runs is not self._last:
            self._last, self._keys, self._about = runs, keys, {}
        mine = frozenset(key for key in keys if self.covers(*key, subject))
        if mine not in self._about:
            self._about[mine] = [run for run in runs if (run.selection, run.pipeline) in mine]
        return self._about[mine]

    def promise(self, subject: str, runs: Sequence[Tried]) -> Promise:
        """Return what is promised of a table, given the runs that were about it."""
        watch = self.watch(subject)
        schedule = self._schedule(subject)
        if watch.ready_by is not None:
            schedule = (schedule or Schedule(cron="0 0 * * *")).model_copy(update={"ready_by": watch.ready_by})
        return Promise(schedule, watch.max_age, self._longest(runs), self.zone)

    def _longest(self, runs: Sequence[Tried]) -> float:
        """Return how many seconds these runs take at most; worked out once for all tables that the same runs are about."""
        known = self._lengths.get(id(runs))
        if known is None or known[0] is not runs:
            taken = ((run.ended_at - run.began_at).total_seconds() for run in runs if run.is_good and run.ended_at)
            lengths = sorted(taken)[:LATELY]
            longest = lengths[min(int(len(lengths) * LONGEST), len(lengths) - 1)] if lengths else 0.0
            known = self._lengths[id(runs)] = (runs, longest)
        return known[1]

    def has_schedule(self, subject: str) -> bool:
        """Whether a schedule starts runs about a table: a promised time of day alone starts none."""
        return self._schedule(subject) is not None

    def _schedule(self, subject: str) -> Schedule | None:
        """Return the rhythm of the pipeline that a table is part of, else the project's."""
        for select, exclude, schedule in self._pipelines:
            if self.covers(f"{select} {EXCLUDE} {exclude}" if exclude else select, "", subject):
                return schedule
        return self._shop.config.schedule

    @cached_property
    def _pipelines(self) -> list[tuple[str, str, Schedule]]:
        pipelines = self._shop.config.pipelines.values()
        return [(one.select, one.exclude or "", one.schedule) for one in pipelines if one.schedule is not None]

    def _resolve(self, selection: str) -> frozenset[str] | None:
        """Return the streams and relations that a selection takes; None: all. One that cannot be resolved any more takes none."""
        words = selection.split()
        if not words:
            return None
        exclude = [words[n + 1] for n, word in enumerate(words[:-1]) if word == EXCLUDE]
        select = [word for n, word in enumerate(words) if word != EXCLUDE and (not n or words[n - 1] != EXCLUDE)]
        if not exclude and all(word.startswith(SOURCE) and not set(word) & NOT_PLAIN for word in select):
            return frozenset(self._named(word.removeprefix(SOURCE).rstrip("+") for word in select))
        try:
            found = self._relations.graph.select(tuple(select), tuple(exclude))
        except LakesmithError:
            return frozenset()
        nodes = self._relations.graph.nodes
        return frozenset({*map(str, found.streams), *(nodes[key].relation for key in found.models if key in nodes)})

    def _named(self, names: Iterable[str]) -> Iterable[str]:
        wanted = set(names)
        return (stream for stream in self.streams if stream in wanted or stream.partition(".")[0] in wanted)
