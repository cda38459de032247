"""One sentence about a project: can the numbers be trusted. The page and `lakesmith status` say the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from lakesmith.api.existing import TableNews, tables_of_others, verdict_of
from lakesmith.dbt.artifacts import Manifest, read_manifest
from lakesmith.errors import LakesmithError, TransformError
from lakesmith.model.watching import LATE
from lakesmith.monitor.judging.values import BAD, FRESHNESS_RULES, LEARNING, UNKNOWN, WARN, Judgement
from lakesmith.monitor.reading import CheckRecord, History, RunRecord
from lakesmith.pages import values as v
from lakesmith.run.workshop import Workshop

if TYPE_CHECKING:
    from lakesmith.monitor.store import RunStore

BROKEN = ("fail", "error")
LOOKED_AT_RUNS = 60


def health(
    shop: Workshop, history: History, judged: Sequence[Judgement] | None = None
) -> tuple[str, str, list[CheckRecord]]:
    """Return mood and headline of a target, and the newest result of each test that the project still has.

    Args:
        shop: The project on a target.
        history: The record of runs.
        judged: What is thought of its tables; None: what was thought last.
    """
    ours = [run for run in history.runs(LOOKED_AT_RUNS) if run.target == shop.target.name]
    checks = still_there(history.newest_checks(), manifest_of(shop))
    tables = tables_of_others(shop, history)
    thought = _asked_last(shop) if judged is None else judged
    return (*verdict(ours, checks, 0, unloaded=unloaded(shop), tables=tables, judged=thought), checks)


def _asked_last(shop: Workshop) -> list[Judgement]:
    from lakesmith.api.storing import store_in_use

    with store_in_use(shop) as store:
        return last_judged(shop, store)


def last_judged(shop: Workshop, store: RunStore) -> list[Judgement]:
    """Return what was thought last of the tables that the project still has."""
    from lakesmith.monitor.judging.reading import Facts

    known = Facts(store, shop.target.name, now=shop.host.clock.now()).judged()
    streams = {str(spec.id) for spec in shop.config.streams()}
    sources = shop.config.sources
    return [one for one in known.values() if one.subject in streams or one.subject.partition(".")[0] not in sources]


def unwatched(judged: Iterable[Judgement]) -> tuple[str, ...]:
    """Return what nobody watches yet in any table: nothing promises an age, or the volume of every table is still learned."""
    parts = {"freshness": FRESHNESS_RULES, "volume": ("volume",)}
    seen = {one.rule for one in judged if one.verdict not in (LEARNING, UNKNOWN)}
    return tuple(name for name, rules in parts.items() if not seen & set(rules))


def still_there(checks: Sequence[CheckRecord], manifest: Manifest | None) -> list[CheckRecord]:
    """Leave out tests that were taken out of the project: they have nothing to say any more."""
    return [check for check in checks if manifest is None or check.check_id in manifest.nodes]


def manifest_of(shop: Workshop) -> Manifest | None:
    """Return what dbt last wrote about the project, None if it never did."""
    try:
        return read_manifest(shop.paths.dbt_target)
    except TransformError:
        return None


def verdict(
    runs: Sequence[RunRecord],
    checks: Sequence[CheckRecord],
    waiting: int,
    *,
    unloaded: Sequence[str] | None = (),
    tables: Sequence[TableNews] = (),
    judged: Sequence[Judgement] = (),
) -> tuple[str, str]:
    """Return mood and headline: what a person has to know first. Unknown is never green.

    Args:
        runs: Those of the target, newest first.
        checks: The newest result of each test.
        waiting: Records in quarantine.
        unloaded: Streams of the project that have no table yet; None if the lake cannot be read.
        tables: The tables that others load.
        judged: What is thought of the tables.
    """
    ended = [run for run in runs if run.state != "running"]
    if not ended:
        return v.UNKNOWN, "Nothing has run yet, so nothing is known."
    last = ended[0]
    thought = _thought(judged)
    bad = _broken(last, checks) or (thought if thought and thought[0] == v.BAD else None)
    if bad:
        return bad
    if last.state == "stopped":
        return v.WARN, "The last run was stopped at a safe point; what it had committed stayed."
    unknown = _unknown(ended, unloaded) or _missed(tables) or thought
    if unknown:
        return unknown
    passed, warned = (sum(check.status == status for check in checks) for status in ("pass", "warn"))
    tests = f"{passed:,} tests pass" + (f", {warned:,} warn" if warned else "") if checks else "no test has run yet"
    held = f", {waiting:,} records wait in quarantine" if waiting else ""
    return (v.GOOD if checks else v.UNKNOWN), f"Every stream is loaded, {tests}{held}."


def _broken(last: RunRecord, checks: Sequence[CheckRecord]) -> tuple[str, str] | None:
    """Return what is broken: the last run, or tests."""
    if last.state in ("failed", "lost"):
        words = "failed" if last.state == "failed" else "was lost"
        return v.BAD, f"The last run {words}: {last.message.removesuffix('.')}."
    broken = sum(check.status in BROKEN for check in checks)
    if broken:
        return (
            v.BAD,
            f"{broken} {'test fails' if broken == 1 else 'tests fail'}; their marts keep the last good version.",
        )
    return None


def _thought(judged: Iterable[Judgement]) -> tuple[str, str] | None:
    """Return what is wrong with tables, the worst first; None if nothing is. A table whose group is named is not named again."""
    for word, mood in ((BAD, v.BAD), (WARN, v.WARN)):
        wrong = [one for one in judged if one.verdict == word]
        groups = {one.subject.partition(".")[0] for one in wrong if one.subject.endswith(".*")}
        first = [one for one in wrong if one.subject.endswith(".*") or one.subject.partition(".")[0] not in groups]
        if first:
            others = len({one.subject for one in first} - {first[0].subject})
            more = f"; {others} more {'table is' if others == 1 else 'tables are'} not well" if others else ""
            return mood, f"{first[0].subject}: {first[0].reason.removesuffix('.')}{more}."
    return None


def _unknown(ended: Sequence[RunRecord], unloaded: Sequence[str] | None) -> tuple[str, str] | None:
    """Return what is not known after a run that went well: one of a selection says nothing about the rest."""
    whole = next((run for run in ended if not run.selection), None)
    if whole is None:
        return v.UNKNOWN, f"Only {ended[0].selection} has run; nothing is known about the rest."
    if whole.state in ("failed", "lost", "stopped"):
        rest = f"what has run since ({ended[0].selection}) says nothing about the rest"
        return v.BAD, f"The last run of everything {_ENDINGS[whole.state]}: {whole.message.removesuffix('.')}; {rest}."
    if unloaded is None:
        return v.UNKNOWN, "The lake cannot be read, so nothing is known about it."
    if unloaded:
        return v.UNKNOWN, f"Nothing was ever loaded of {', '.join(unloaded)}: no file or row was found."
    return None


def _missed(tables: Sequence[TableNews]) -> tuple[str, str] | None:
    """Return what is wrong with the tables that others load."""
    missed = verdict_of(tables)
    return missed and ((v.WARN if missed[0] == LATE else v.UNKNOWN), missed[1])


_ENDINGS = {"failed": "failed", "lost": "was lost", "stopped": "was stopped"}


def unloaded(shop: Workshop) -> list[str] | None:
    """Return the streams of the project that have no table; None if the lake cannot be read."""
    try:
        there = set(shop.lake.streams())
    except LakesmithError:
        return None
    return [str(spec.id) for spec in shop.config.streams() if spec.id not in there]
