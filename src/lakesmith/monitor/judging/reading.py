"""The facts that are judged, read from the run store: one query for each kind of fact, however many tables there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CTE, ColumnElement, Select, String, case, column, func, select, values

from lakesmith.monitor import tables
from lakesmith.monitor.asking import rows_of
from lakesmith.monitor.judging.columns import RULES as COLUMN_RULES
from lakesmith.monitor.judging.columns import Profile
from lakesmith.monitor.judging.rows import WELL, Hour, Loaded, Tried, judgement_of, loaded_of, profile_of
from lakesmith.monitor.judging.values import Judgement
from lakesmith.monitor.store import RunStore
from lakesmith.monitor.writing import stamp

HOUR = len("2026-11-22T06")
AT_ONCE = 400
"""So many tables are asked about in one statement."""
NEWEST_RUNS = 400
EACH_KEEPS, KEPT_BACK = 5, timedelta(days=40)
"""So many runs of each selection are known beyond the newest ones, and so far back: frequent runs push no rare one out."""
PROFILES_BACK = timedelta(days=60)
JUDGED_BACK = timedelta(days=9)


class Facts:
    """Reads what is judged of one target, as of `now`."""

    def __init__(self, store: RunStore, target: str, *, now: datetime) -> None:
        self._store, self._target, self._now = store, target, now

    def runs(self, limit: int = NEWEST_RUNS) -> list[Tried]:
        """Return the newest runs of the target, and of each selection some at least, newest first."""
        run = tables.run
        query = select(run).where(run.c.target == self._target).order_by(run.c.started_at.desc()).limit(limit)
        rows = self._all(query)
        if len(rows) == limit:
            rows += self._rarer(rows[-1]["started_at"])
        return [self._tried(row) for row in rows]

    def _rarer(self, before: str) -> list[dict[str, Any]]:
        """Return the newest runs of each selection that began before a time; those with nothing new count for themselves."""
        run = tables.run
        alike = (run.c.selection, run.c.pipeline, run.c.command, case((run.c.state == "nothing_new", 1), else_=0))
        nth = func.row_number().over(partition_by=alike, order_by=run.c.started_at.desc()).label("nth")
        back = stamp(self._now - KEPT_BACK)
        mine = (run.c.target == self._target, run.c.started_at < before, run.c.started_at >= back)
        ranked = select(run, nth).where(*mine).subquery()
        return self._all(select(ranked).where(ranked.c.nth <= EACH_KEEPS).order_by(ranked.c.started_at.desc()))

    def rows_written(self, since: datetime) -> dict[str, int]:
        """Return the rows that were written to each stream since a time."""
        load, run = tables.table_load, tables.run
        query = (
            select(load.c.stream, func.sum(load.c.rows_written).label("rows"))
            .join(run, run.c.run_id == load.c.run_id)
            .where(load.c.finished_at >= stamp(since), run.c.target == self._target)
            .group_by(load.c.stream)
        )
        return {row["stream"]: int(row["rows"] or 0) for row in self._all(query)}

    def wrong_since(self, keys: Sequence[tuple[str, str, str]]) -> dict[tuple[str, str, str], datetime]:
        """Return for each subject, column and rule the first time it was thought wrong after it was not the last time."""
        judgement = tables.judgement
        wrong = judgement.c.verdict.in_(("warn", "bad"))
        found: dict[tuple[str, str, str], datetime] = {}
        for subject, column_name, rule in keys:
            mine = (
                judgement.c.subject == subject,
                judgement.c.column_name == column_name,
                judgement.c.rule == rule,
                judgement.c.target == self._target,
            )
            well = select(func.max(judgement.c.judged_at)).where(*mine, ~wrong).scalar_subquery()
            first = select(func.min(judgement.c.judged_at).label("first")).where(
                *mine, wrong, judgement.c.judged_at > func.coalesce(well, "")
            )
            at = self._all(first)[0]["first"]
            if at is not None:
                found[subject, column_name, rule] = datetime.fromisoformat(at)
        return found

    def errors(self, run_ids: Sequence[str]) -> dict[str, frozenset[str]]:
        """Return the steps of runs in which errors were seen."""
        error = tables.error_event
        found: dict[str, set[str]] = defaultdict(set)
        for some in _parts(run_ids):
            for row in self._all(select(error.c.run_id, error.c.step).where(error.c.run_id.in_(some))):
                found[row["run_id"]].add(row["step"])
        return {run_id: frozenset(steps) for run_id, steps in found.items()}

    def looks(self, since: datetime) -> dict[tuple[str, str, frozenset[str]], set[datetime]]:
        """Return the hours (UTC) in which runs that load news ended, by what they were about and where they failed.

        That is selection, pipeline and the steps with errors: none of a run that went well; a failed run did look at the rest.
        """
        run, error = tables.run, tables.error_event
        hour = func.substr(func.coalesce(run.c.nominal_at, run.c.started_at), 1, HOUR).label("hour")
        about = (run.c.selection, func.coalesce(run.c.pipeline, "").label("pipeline"), hour)
        mine = (run.c.target == self._target, run.c.started_at >= stamp(since), run.c.command == "run")
        failed: dict[tuple[str, ...], set[str]] = defaultdict(set)
        query = select(run.c.run_id, *about, error.c.step).join(error, error.c.run_id == run.c.run_id)
        for row in self._all(query.where(*mine, run.c.state == "failed")):
            failed[row["run_id"], row["selection"], row["pipeline"], row["hour"]].add(row["step"])
        ended = [
            (row, frozenset[str]()) for row in self._all(select(*about).where(*mine, run.c.state.in_(WELL)).distinct())
        ]
        found: dict[tuple[str, str, frozenset[str]], set[datetime]] = defaultdict(set)
        for row, steps in ended:
            found[row["selection"], row["pipeline"], steps].add(_hour(row["hour"]))
        for (_, selection, pipeline, text), broken in failed.items():
            found[selection, pipeline, frozenset(broken)].add(_hour(text))
        return found

    def hours(self, streams: Collection[str], since: datetime) -> dict[str, list[Hour]]:
        """Return what came into tables hour by hour, oldest first; failed loads and rollbacks bring nothing."""
        load, run = tables.table_load, tables.run
        hour = func.substr(func.coalesce(run.c.nominal_at, load.c.started_at, load.c.finished_at), 1, HOUR).label(
            "hour"
        )
        reason = func.coalesce(load.c.reason, "").label("reason")
        found: dict[str, list[Hour]] = defaultdict(list)
        for some in _parts(streams):
            query = (
                select(
                    load.c.stream,
                    hour,
                    reason,
                    func.sum(load.c.rows_written).label("rows"),
                    func.max(load.c.load_id).label("last"),
                )
                .join(run, run.c.run_id == load.c.run_id)
                .where(load.c.stream.in_(some), load.c.finished_at >= stamp(since), run.c.target == self._target)
                .where(load.c.state.not_in(("failed", "rolled_back")))
                .group_by(load.c.stream, hour, reason)
                .subquery()
            )
            newest = load.alias(
                "newest_load"
            )  # of several loads within an hour the last one says how many rows there are
            level = func.coalesce(newest.c.rows_after, newest.c.rows_written).label("level")
            whole = select(query, level).join(newest, newest.c.load_id == query.c.last)
            for row in self._all(whole.order_by(query.c.hour, query.c.last)):
                left, rows = int(row["level"]), int(row["rows"] or 0)
                found[row["stream"]].append(Hour(row["stream"], _hour(row["hour"]), row["reason"], rows, left))
        return found

    def first_loads(self, streams: Collection[str]) -> dict[str, datetime]:
        """Return when each table's first load on record was."""
        load = tables.table_load
        found: dict[str, datetime] = {}
        for some in _parts(streams):
            named = _named(some)
            first = (
                select(func.min(load.c.finished_at))
                .where(load.c.stream == named.c.stream)
                .scalar_subquery()
                .label("first")
            )
            rows = self._all(select(named.c.stream, first))
            found |= {row["stream"]: datetime.fromisoformat(row["first"]) for row in rows if row["first"]}
        return found

    def newest_loads(self, streams: Collection[str]) -> dict[str, Loaded]:
        """Return the newest load of each table, failed ones included."""
        return self._newest(streams, reached=False)

    def committed(self, streams: Collection[str]) -> dict[str, list[Loaded]]:
        """Return the last two loads of each table that reached the lake, oldest first."""
        last = self._newest(streams, reached=True)
        before = self._newest(streams, reached=True, than={name: load.finished_at for name, load in last.items()})
        lost = self._lost(last, before)
        return {
            name: [*([before[name]] if name in before else []), replace(load, lost_before=lost.get(name, False))]
            for name, load in last.items()
        }

    def profiles(self, streams: Collection[str]) -> dict[str, dict[str, list[Profile]]]:
        """Return the profiles of the columns of tables, oldest first, of the last 60 days."""
        profile = tables.column_profile
        found: dict[str, dict[str, list[Profile]]] = defaultdict(lambda: defaultdict(list))
        since = stamp(self._now - PROFILES_BACK)
        for some in _parts(streams):
            query = select(profile).where(profile.c.stream.in_(some), profile.c.seen_at >= since)
            for row in self._all(query.order_by(profile.c.profile_id)):
                found[row["stream"]][row["column_name"]].append(profile_of(row))
        return found

    def judged(self, *, since: timedelta = JUDGED_BACK) -> dict[tuple[str, str, str], Judgement]:
        """Return the newest judgement for each subject, column and rule; what is older is not known any more.

        Columns are judged when something is loaded, which may be rarely: what is thought of them is known as long as their profiles.
        """
        is_of_column = tables.judgement.c.rule.in_(COLUMN_RULES)
        found: dict[tuple[str, str, str], Judgement] = {}
        for mine, back in ((~is_of_column, since), (is_of_column, max(since, PROFILES_BACK))):
            rows = self._all(newest_judged(self._target, self._now - back, mine))  # each by an index of its own
            found |= {(one.subject, one.column, one.rule): one for one in map(judgement_of, rows)}
        return found

    def checks(self, run_ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """Return the newest result of each test that ran in one of these runs, by the test's id."""
        check = tables.check_result
        found: dict[str, Mapping[str, Any]] = {}
        for some in _parts(run_ids):
            for row in self._all(select(check).where(check.c.run_id.in_(some))):
                if row["check_id"] not in found or found[row["check_id"]]["finished_at"] < row["finished_at"]:
                    found[row["check_id"]] = row
        return found

    def models(self, run_ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """Return the newest result of each model that was built in one of these runs, by its relation."""
        model = tables.model_result
        found: dict[str, Mapping[str, Any]] = {}
        for some in _parts(run_ids):
            for row in self._all(select(model).where(model.c.run_id.in_(some))):
                if row["relation"] not in found or found[row["relation"]]["finished_at"] < row["finished_at"]:
                    found[row["relation"]] = row
        return found

    def retries(self) -> set[str]:
        """Return the pipelines that are to be tried again by themselves."""
        tick = tables.tick
        query = select(tick.c.pipeline).where(tick.c.target == self._target, tick.c.state == "waiting")
        return {row["pipeline"] for row in self._all(query.distinct())}

    def _newest(
        self, streams: Collection[str], *, reached: bool, than: Mapping[str, datetime] | None = None
    ) -> dict[str, Loaded]:
        """Return the newest load of each table by its index; `than`: the newest that ended before that time."""
        load, run = tables.table_load, tables.run
        found: dict[str, Loaded] = {}
        for some in _parts(streams if than is None else than):
            named = _named(some, {name: stamp(at) for name, at in than.items()} if than is not None else None)
            inner, of = load.alias("inner_load"), run.alias("inner_run")
            newest = (
                select(inner.c.load_id)
                .join(of, of.c.run_id == inner.c.run_id)
                .where(inner.c.stream == named.c.stream, of.c.target == self._target)
                .where(*([inner.c.snapshot_id.is_not(None)] if reached else []))
                .where(*([inner.c.finished_at < named.c.before] if than is not None else []))
                .order_by(inner.c.finished_at.desc(), inner.c.load_id.desc())
                .limit(1)
                .correlate(named)
                .scalar_subquery()
            )
            for row in self._all(select(load).select_from(named).join(load, load.c.load_id == newest)):
                found[row["stream"]] = loaded_of(row)
        return found

    def _lost(self, last: Mapping[str, Loaded], before: Mapping[str, Loaded]) -> dict[str, bool]:
        """Return for which tables a run was lost between the last two loads."""
        run = tables.run
        gaps = {name: (before[name].finished_at, load.finished_at) for name, load in last.items() if name in before}
        if not gaps:
            return {}
        since = min(begin for begin, _ in gaps.values())
        query = select(run).where(run.c.target == self._target, run.c.started_at >= stamp(since - timedelta(days=1)))
        lost = [
            one
            for one in map(self._tried, self._all(query.where(run.c.state.in_(("lost", "running")))))
            if one.state == "lost"
        ]
        return {
            name: any(one.began_at < end and (one.ended_at or end) >= begin for one in lost)
            for name, (begin, end) in gaps.items()
        }

    def _tried(self, row: Mapping[str, Any]) -> Tried:
        is_lost = row["state"] == "running" and row["lease_until"] < stamp(self._now)
        return Tried(
            row["run_id"],
            "lost" if is_lost else row["state"],
            datetime.fromisoformat(row["started_at"]),
            datetime.fromisoformat(row["finished_at"]) if row["finished_at"] else None,
            datetime.fromisoformat(row["nominal_at"]) if row["nominal_at"] else None,
            row["selection"],
            row["pipeline"] or "",
            row["command"],
        )

    def _all(self, query: Select[Any]) -> list[dict[str, Any]]:
        with self._store.engine.connect() as connection:
            return rows_of(connection, query)


def newest_judged(target: str, since: datetime, wanted: ColumnElement[bool]) -> Select[Any]:
    """Ask for what each rule said last of each table or column, if it was not before `since`; `wanted` is said of the judgements."""
    judgement = tables.judgement
    newest = (
        select(func.max(judgement.c.judgement_id))
        .where(wanted, judgement.c.judged_at >= stamp(since), judgement.c.target == target)
        .group_by(judgement.c.subject, judgement.c.rule, judgement.c.column_name)
    )
    return select(judgement).where(judgement.c.judgement_id.in_(newest))


def _hour(text: str) -> datetime:
    return datetime.fromisoformat(text + ":00:00+00:00")


def _parts(names: Iterable[str]) -> Iterable[list[str]]:
    whole = list(names)
    return (whole[n : n + AT_ONCE] for n in range(0, len(whole), AT_ONCE))


def _named(names: Sequence[str], before: Mapping[str, str] | None = None) -> CTE:
    """Return names as a table, each with a time if given, that a statement can join."""
    columns = (column("stream", String), column("before", String))
    rows = [(name, (before or {}).get(name, "")) for name in names]
    return values(*columns, name="named").data(rows).cte("named")
