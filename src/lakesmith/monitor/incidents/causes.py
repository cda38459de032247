"""From all that went wrong to the few things it comes down to. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from lakesmith.monitor.incidents import naming
from lakesmith.monitor.incidents.candidates import Candidates
from lakesmith.monitor.incidents.values import (
    CHECK,
    ERROR,
    FAULT,
    LOST,
    MODEL,
    WARN,
    Cause,
    Failing,
    Fault,
    Hit,
    LostRun,
    Seen,
)
from lakesmith.monitor.judging.values import BAD, CHECK_RULES, FRESHNESS_RULES, Judgement
from lakesmith.monitor.judging.values import WARN as WARNED

Above = Callable[[str], frozenset[str]]
"""Returns the subjects that one is made from, at any distance; empty where that is not known."""

TOGETHER = 3
"""So many late tables of a source, or late sources, have one cause."""

LATE = "late"
NEVER_EXPLAINED = ("row_law",)
SCHEDULE, LOAD = "schedule", "load"
NEEDS_ROWS = (*FRESHNESS_RULES, "volume", "load", "continuity")
"""Rules that see it when a table, or what it is made from, was not loaded."""

Thing = TypeVar("Thing")


def causes_of(seen: Seen, above: Above, known: Iterable[Cause] = ()) -> list[Cause]:
    """Return what the things seen come down to, each with all that it hits.

    Args:
        seen: All that one look found.
        above: What a subject is made from.
        known: The causes of open incidents, which may explain what is seen now. They come back if they do, or if they are met again.
    """
    before = {cause.key: cause for cause in known}
    found = Candidates(before.values())
    for cause in _told(seen):
        found.put(_again(cause, before.get(cause.key)))
    left = []
    # what was not loaded comes first: it is why tables are late
    wrong = sorted((one for one in seen.judgements if one.verdict in (BAD, WARNED)), key=lambda one: one.rule != LOAD)
    for judgement in wrong:
        by = _by(found, judgement, above)
        if by is None:
            left.append(judgement)
        else:
            found.put(_joined(by, judgement))
    on_time = any(one.rule == SCHEDULE and one.verdict not in (BAD, WARNED) for one in seen.judgements)
    for cause in _judged(left, above, nothing_on_time=not on_time):
        found.put(cause)
    return [cause for key, cause in found.causes.items() if before.get(key) is not cause]


def _by(found: Candidates, judgement: Judgement, above: Above) -> Cause | None:
    """Return the cause that a judgement says no more than, None if there is none."""
    near = found.near(judgement.subject, above(judgement.subject))
    if judgement.rule in CHECK_RULES:  # the tests of a stream are mostly those of the model that is made from it
        near += [cause for cause in found.causes.values() if cause.rule == CHECK]
    return next((cause for cause in near if _explains(cause, judgement, above)), None)


def _again(cause: Cause, known: Cause | None) -> Cause:
    """Return a cause with what is known of it from before and is not good again."""
    if known is None:
        return cause
    parts = tuple(_merged(cause.parts, known.parts))
    facts = {**cause.facts, "whole_source": cause.facts.get("whole_source") or known.facts.get("whole_source", "")}
    return replace(cause, parts=parts, hits=_merged(cause.hits, known.hits), facts=facts)


def _told(seen: Seen) -> Iterable[Cause]:
    """Yield the causes that told of themselves: errors, tests and models that failed, runs that were lost."""
    broken = {one.run_id for one in seen.failing}
    faults = [one for one in seen.faults if not (one.kind == "TransformError" and one.run_id in broken)]
    for group in _grouped(faults, naming.key_of).values():
        yield _fault(group)
    for failed in _grouped(seen.failing, lambda one: one.unique_id).values():
        yield _failing(failed[-1])
    for runs in _grouped(seen.lost, lambda one: one.pipeline).values():
        yield _lost(runs[-1])


def _fault(group: Sequence[Fault]) -> Cause:
    first = group[0]
    subjects = list(dict.fromkeys(fault.subject for fault in group))
    sources = {fault.source for fault in group}
    subject = naming.together(subjects)
    facts = {
        "kind": first.kind,
        "remedy": first.remedy,
        "what": first.what,
        "where": first.where,
        "fix": first.fix,
        "error_class": first.error_class,
        "origin": first.origin,
        "fingerprint": first.fingerprint,
        "steps": sorted({fault.step for fault in group}),
        "whole_source": first.source if naming.is_whole(first) and len(sources) == 1 else "",
    }
    seen_at = min(fault.seen_at for fault in group)
    parts = tuple(Hit(one, FAULT, seen_at) for one in subjects)
    title = naming.sentence(first.what)
    key = naming.key_of(first)
    return Cause(key, FAULT, subject, title, ERROR, seen_at, first.run_id, parts, run_id=first.run_id, facts=facts)


def _failing(failed: Failing) -> Cause:
    hits = (Hit(failed.relation, CHECK, failed.seen_at),) if failed.relation else ()
    parts = (Hit(failed.unique_id, failed.rule, failed.seen_at),)
    severity = WARN if failed.severity == WARN else ERROR
    facts = {"what": failed.what, "relation": failed.relation}
    key, subject = f"{failed.rule}|{failed.unique_id}", failed.relation or failed.unique_id
    at, run_id = failed.seen_at, failed.run_id
    return Cause(key, failed.rule, subject, failed.what, severity, at, run_id, parts, hits, run_id, facts)


def _lost(run: LostRun) -> Cause:
    name = run.pipeline or "everything"
    parts = (Hit(f"run of {name}", LOST, run.started_at),)
    hits = tuple(Hit(subject, LOST, run.started_at) for subject in run.subjects)
    title = "a run ended without a word; what it had committed stays"
    key, subject = f"{LOST}|{run.pipeline}", f"run of {name}"
    return Cause(key, LOST, subject, title, ERROR, run.seen_at, run.run_id, parts, hits, run.run_id, {"what": title})


def _explains(cause: Cause, judgement: Judgement, above: Above) -> bool:
    """Whether a judgement says no more than what a cause leads to."""
    if judgement.rule in NEVER_EXPLAINED:
        return False
    subject, rule = judgement.subject, judgement.rule
    parts = {one.subject for one in cause.parts}
    touched = parts | {one.subject for one in cause.hits}
    if cause.rule == CHECK:
        is_below = bool(touched & ({subject} | above(subject)))
        is_made_of_it = rule in CHECK_RULES and any(subject in above(one) for one in touched)
        is_skipped = rule == LOAD and bool(touched & above(subject))  # dbt builds nothing over what a test refuses
        return is_made_of_it or is_skipped or (is_below and rule in (*CHECK_RULES, "publication"))
    if cause.rule in (FAULT, LOST, MODEL):
        return subject in touched or _follows(cause, judgement, above)
    if not _alike(cause.rule, rule):
        return False
    # a cause in several sources is that of its parts alone, if it is that they were not loaded
    named = parts if cause.rule == LOAD else {cause.subject, *parts}
    wide = any(naming.is_group(one) and naming.within(subject, one) for one in named)
    is_group = cause.rule == LOAD and naming.is_group(subject) and _members(parts, subject) >= TOGETHER
    return subject in touched or wide or is_group or bool(parts & above(subject))


def _follows(cause: Cause, judgement: Judgement, above: Above) -> bool:
    """Whether a judgement is about what a step or a run left undone, in a table that is not part of the cause."""
    subject, parts = judgement.subject, {one.subject for one in cause.parts}
    touched = parts | {one.subject for one in cause.hits}
    is_run = cause.rule == LOST or naming.WHOLE_RUN in parts
    if is_run and judgement.rule == LOAD and cause.run_id is not None and cause.run_id == judgement.run_id:
        return True
    is_below = bool(touched & above(subject)) or naming.covers(cause.facts.get("whole_source", ""), subject)
    is_of_group = any(naming.within(subject, one) for one in touched if one != naming.EVERYTHING)
    # one broken table is no reason for what all of its source have in common
    is_group = naming.is_group(subject) and _members(touched, subject) >= TOGETHER
    return judgement.rule in NEEDS_ROWS and (is_below or is_of_group or is_group)


def _members(subjects: Iterable[str], group: str) -> int:
    return sum(naming.within(one, group) for one in subjects)


def _alike(one: str, other: str) -> bool:
    """Whether a cause of the rule `one` may break `other` as well: what was not loaded is late."""
    late = (*FRESHNESS_RULES, LATE)
    return one == other or (one in (*late, LOAD) and other in late)


def _judged(judgements: Sequence[Judgement], above: Above, *, nothing_on_time: bool = False) -> Iterable[Cause]:
    """Yield causes of judgements that nothing explains: groups first, then what is late together, then table by table."""
    left = sorted(judgements, key=lambda one: (not naming.is_group(one.subject), one.rule, one.subject, one.column))
    found = Candidates()
    left = _unloaded(left, found, above)
    late = [one for one in left if one.rule in FRESHNESS_RULES and not naming.is_group(one.subject)]
    for subject, members in _together(late, nothing_on_time=nothing_on_time).items():
        found.put(_judgement_cause(f"{LATE}|{subject}", LATE, subject, members))
        left = [one for one in left if one not in members]
    for judgement in left:
        by = _by(found, judgement, above)
        if by is not None:
            found.put(_joined(by, judgement))
            continue
        key = f"{judgement.rule}|{judgement.subject}"
        found.put(_judgement_cause(key, judgement.rule, judgement.subject, [judgement]))
    further_up = {cause.key: _further_up(cause, found, above) for cause in found.causes.values()}
    lower: dict[str, list[Cause]] = defaultdict(list)
    for key, ups in further_up.items():
        first = next((up for up in ups if not further_up[up]), key)  # the one that nothing further up leads to
        lower[first].append(found.causes[key])
    for key, those in lower.items():
        below = [cause for cause in those if cause.key != key]
        hits = [Hit(hit.subject, low.rule, hit.since) for low in below for hit in (*low.parts, *low.hits)]
        yield replace(found.causes[key], hits=_merged(found.causes[key].hits, hits)) if hits else found.causes[key]


def _unloaded(left: Sequence[Judgement], found: Candidates, above: Above) -> list[Judgement]:
    """Put causes of what was not loaded, one of what a run left in several sources, and what is late by them; return the rest."""
    single = [one for one in left if one.rule == LOAD and one.run_id and not naming.is_group(one.subject)]
    for members in _grouped(single, lambda one: one.run_id).values():
        if len({one.subject.partition(".")[0] for one in members}) > 1:
            found.put(_judgement_cause(f"{LOAD}|{naming.EVERYTHING}", LOAD, naming.EVERYTHING, members))
    rest = []
    for one in sorted(left, key=lambda one: one.rule != LOAD):
        by = _by(found, one, above) if one.rule in {LOAD, *FRESHNESS_RULES} else None
        if by is not None:
            found.put(_joined(by, one))
        elif one.rule == LOAD:
            found.put(_judgement_cause(f"{LOAD}|{one.subject}", LOAD, one.subject, [one]))
        else:
            rest.append(one)
    return rest


def _together(late: Sequence[Judgement], *, nothing_on_time: bool) -> dict[str, list[Judgement]]:
    """Return tables that are late together, under `source.*`, or under `*` where that many sources are, or no run begins any more."""
    behind = {one.subject.partition(".")[0] for one in late if one.rule == SCHEDULE}
    if nothing_on_time and len(behind) > 1:
        return {naming.EVERYTHING: list(late)}
    groups = {
        f"{source}.*": members
        for source, members in _grouped(late, lambda one: one.subject.partition(".")[0]).items()
        if len({one.subject for one in members}) >= TOGETHER
    }
    if len({one.subject.partition(".")[0] for one in late}) >= TOGETHER and len(late) > TOGETHER:
        return {naming.EVERYTHING: list(late)}
    return groups


def _further_up(cause: Cause, found: Candidates, above: Above) -> list[str]:
    """Return the keys of causes further up that lead to this one: a mart is late because its source is."""
    up = above(cause.subject)
    near = found.near(cause.subject, up) if up else ()
    return [
        other.key
        for other in near
        if other is not cause and _alike(other.rule, cause.rule) and up & {one.subject for one in other.parts}
    ]


def _judgement_cause(key: str, rule: str, subject: str, members: Sequence[Judgement]) -> Cause:
    worst = ERROR if any(one.verdict == BAD for one in members) else WARN
    first = members[0]
    parts = tuple(_hit(one) for one in members)
    count = len({one.subject for one in members})
    reason = first.reason.removesuffix(".")
    together = "were not loaded" if rule == LOAD else "are late together"
    title = f"{count} tables {together}: {first.subject}: {reason}" if count > 1 else reason
    bucket = first.bucket or first.run_id or ""
    at = min(one.judged_at for one in members)
    return Cause(key, rule, subject, title, worst, at, bucket, parts, run_id=first.run_id, facts={"what": title})


def _joined(cause: Cause, judgement: Judgement) -> Cause:
    """Return a cause with one more judgement: another column of its table is part of it, all else it hits."""
    hit = _hit(judgement)
    if (judgement.subject, judgement.rule) in {(one.subject, one.rule) for one in cause.parts}:
        bucket = judgement.bucket or judgement.run_id or cause.bucket
        severity = ERROR if ERROR in (cause.severity, _severity(judgement)) else WARN
        others = [one for one in cause.parts if (one.subject, one.column) != (hit.subject, hit.column)]
        return replace(
            cause, parts=(*others, hit), severity=severity, bucket=bucket, seen_at=max(cause.seen_at, hit.since)
        )
    return replace(cause, hits=_merged(cause.hits, [hit]))


def _severity(judgement: Judgement) -> str:
    return ERROR if judgement.verdict == BAD else WARN


def _hit(judgement: Judgement) -> Hit:
    return Hit(judgement.subject, judgement.rule, judgement.judged_at, judgement.column, judgement.reason)


def _merged(hits: Sequence[Hit], more: Iterable[Hit]) -> tuple[Hit, ...]:
    known = {hit.subject: hit for hit in more} | {hit.subject: hit for hit in hits}
    return tuple(known.values())


def _grouped(things: Iterable[Thing], key: Callable[[Thing], Hashable]) -> dict[str, list[Thing]]:
    grouped: dict[str, list[Thing]] = defaultdict(list)
    for thing in things:
        grouped[str(key(thing))].append(thing)
    return grouped
