"""What is thought of every table: gathered from the record, judged by pure rules."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from lakesmith.api.daily import volumes
from lakesmith.api.promising import Promises
from lakesmith.api.relations import Relations
from lakesmith.monitor.judging import conservation, freshness
from lakesmith.monitor.judging.columns import judge_column
from lakesmith.monitor.judging.groups import group
from lakesmith.monitor.judging.reading import EACH_KEEPS, Facts
from lakesmith.monitor.judging.results import judge_checks, judge_load, judge_model, spares
from lakesmith.monitor.judging.rows import Loaded, Tried
from lakesmith.monitor.judging.values import GOOD, UNKNOWN, Judgement

if TYPE_CHECKING:
    from lakesmith.monitor.store import RunStore
    from lakesmith.run.workshop import Workshop

RUNS_WITH_TESTS = 60


class Thoughts:
    """What is thought of the tables of a target now. Reads the record; `keep` alone writes."""

    def __init__(self, shop: Workshop, store: RunStore, run_id: str | None = None) -> None:
        self.shop, self._store, self._run_id = shop, store, run_id
        self.now = shop.host.clock.now()
        self.facts = Facts(store, shop.target.name, now=self.now)
        self.relations = Relations(shop)
        self.promises = Promises(shop, self.relations)

    def all(self) -> list[Judgement]:
        """Return what is thought of every stream and mart, and of sources whose tables have the same trouble."""
        streams = [one for one in self.promises.streams if self.shop.target.ingest]
        found = [*self._loads(streams), *self._clocks(streams), *volumes(self, streams), *self._columns(streams)]
        found += [*self._tests(streams), *self._marts()]
        grouped = group(found, self.shop.config.sources)
        run_id = self._run_id
        return [one if one.run_id or run_id is None else replace(one, run_id=run_id) for one in grouped]

    def rows_since(self, back: timedelta) -> dict[str, int]:
        """Return the rows that were written to each stream lately."""
        return self.facts.rows_written(self.now - back)

    def since(self, keys: Sequence[tuple[str, str, str]]) -> dict[tuple[str, str, str], datetime]:
        """Return since when rules think of tables (subject, column, rule) as they do: the first time after they were good last."""
        return self.facts.wrong_since(keys)

    @cached_property
    def known(self) -> Mapping[tuple[str, str, str], Judgement]:
        """The newest judgements on record, by subject, column and rule."""
        return self.facts.judged()

    @cached_property
    def runs(self) -> list[Tried]:
        """The newest runs of the target, newest first."""
        return self.facts.runs()

    @cached_property
    def _errors(self) -> Mapping[str, frozenset[str]]:
        return self.facts.errors([run.run_id for run in self.runs if run.state == "failed"])

    @cached_property
    def _newest(self) -> dict[str, Loaded]:
        return self.facts.newest_loads(self.promises.streams)

    def went_well(self, run: Tried, stream: str) -> bool:
        """Whether a run went well for a stream: one that failed elsewhere did look at it."""
        return run.is_good or (run.state == "failed" and spares(self._errors.get(run.run_id, ()), stream))

    def _looked(self, subject: str, runs: Sequence[Tried], load: Loaded | None) -> freshness.Looked:
        tries = [run for run in runs if run.command == "run"]
        well = next((run.began_at for run in tries if self.went_well(run, subject)), None)
        loaded = None
        if load is not None and load.state != "failed":
            theirs = next((run for run in runs if run.run_id == load.run_id), None)
            loaded = theirs.began_at if theirs else load.finished_at
        return freshness.Looked(
            began_at=tries[0].began_at if tries else None,
            good_at=max(filter(None, (well, loaded)), default=None),
            is_running=any(run.state == "running" for run in tries),
            event_at=load.newest_event_at if load else None,
        )

    def _loads(self, streams: Sequence[str]) -> Iterator[Judgement]:
        retries = self.facts.retries()
        committed = self.facts.committed(streams)
        for stream in streams:
            runs, load = self.promises.about(self.runs, stream), self._newest.get(stream)
            yield judge_load(stream, load, runs, self.went_well, retries, at=self.now)
            if load is not None and load.state != "failed":
                yield conservation.judge_law(stream, load, at=self.now)
            moved = committed.get(stream, [])
            lost = bool(moved) and moved[-1].lost_before
            continuity = conservation.judge_continuity(stream, moved, at=self.now, was_lost=lost)
            if continuity is not None:
                yield continuity

    def _clocks(self, streams: Sequence[str]) -> Iterator[Judgement]:
        for stream in streams:
            runs = self.promises.about(self.runs, stream)
            looked, promise = self._looked(stream, runs, self._newest.get(stream)), self.promises.promise(stream, runs)
            begun = freshness.judge_schedule(stream, looked, promise, at=self.now)
            events = freshness.judge_event_age(stream, looked, promise, at=self.now)
            if begun is not None and self.promises.has_schedule(stream):
                yield begun
            yield freshness.judge_age(stream, looked, promise, at=self.now)
            if events is not None and events.verdict != UNKNOWN:
                yield events

    def _columns(self, streams: Sequence[str]) -> Iterator[Judgement]:
        """Judge the columns of what the run loaded; by the clock nothing is new."""
        if self._run_id is None:
            return
        loaded = {name for name, load in self._newest.items() if load.run_id == self._run_id}
        mine = [stream for stream in streams if stream in loaded and self.promises.watch(stream).columns]
        for stream, columns in self.facts.profiles(mine).items():
            found = [
                one
                for column, profiles in columns.items()
                if profiles[-1].run_id == self._run_id
                for one in judge_column(stream, column, profiles, at=self.now)
            ]
            yield from _as_table(found, self.now)
            yield from found

    def _tests(self, streams: Sequence[str]) -> Iterator[Judgement]:
        for stream in streams:
            yield judge_checks(stream, self._checks_of(self._relations_of(stream)), at=self.now)

    def _marts(self) -> Iterator[Judgement]:
        from lakesmith.run.selecting import datasets_of

        manifest = self.relations.manifest
        built = self.facts.models(self._building) if manifest else {}
        for dataset in datasets_of(manifest) if manifest else ():
            relation = dataset.relation
            runs = self.promises.about(self.runs, relation)
            promise = self.promises.promise(relation, runs)
            tries = [run for run in runs if run.command == "run"]
            good = next((run.began_at for run in tries if run.is_good), None)
            looked = freshness.Looked(tries[0].began_at if tries else None, good)
            yield judge_model(relation, built.get(relation), at=self.now)
            yield freshness.judge_publication(relation, looked, promise, at=self.now)
            yield judge_checks(relation, self._checks_of({relation}), at=self.now)

    @cached_property
    def _building(self) -> list[str]:
        """The newest runs that may have built and tested something: of all, and of each selection some."""
        tries = [run for run in self.runs if run.state != "nothing_new"]
        of_each: Counter[tuple[str, str]] = Counter()
        found = []
        for n, run in enumerate(tries):
            of_each[run.selection, run.pipeline] += 1
            if n < RUNS_WITH_TESTS or of_each[run.selection, run.pipeline] <= EACH_KEEPS:
                found.append(run.run_id)
        return found

    @cached_property
    def _checks(self) -> dict[str, list[Mapping[str, Any]]]:
        found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        manifest = self.relations.manifest
        for check_id, row in self.facts.checks(self._building).items():
            if manifest is None or check_id in manifest.nodes:
                found[row["relation"]].append(row)
        return found

    def _checks_of(self, relations: Iterable[str]) -> list[Mapping[str, Any]]:
        return [row for relation in relations for row in self._checks.get(relation, ())]

    def _relations_of(self, stream: str) -> set[str]:
        """Return what tests about a stream are attached to: its source table, and the models that are made from it alone."""
        if self.relations.manifest is None:
            return set()
        graph = self.relations.graph
        found = set()
        for key in (key for key, one in graph.streams.items() if str(one) == stream):
            nodes = [
                graph.nodes[key],
                *(graph.nodes[child] for child in graph.children[key] if graph.parents[child] == {key}),
            ]
            found |= {node.relation for node in nodes if node.relation}
        return found


def _as_table(found: Sequence[Judgement], at: datetime) -> Iterator[Judgement]:
    """Return one judgement of a table for each rule about its columns: how many are as usual."""
    rules: dict[str, list[Judgement]] = defaultdict(list)
    for one in found:
        rules[one.rule].append(one)
    for rule, own in rules.items():
        good = [one for one in own if one.verdict == GOOD]
        if len(good) == len(own):
            words = f"{len(own)} {'column is' if len(own) == 1 else 'columns are'} as usual"
            yield replace(own[0], column="", rule=rule, reason=words, value=None, expected=None, judged_at=at)
