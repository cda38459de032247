"""What happens to all tables of a source at once is one thing: it is said once, and the single ones refer to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from lakesmith.monitor.judging.values import BAD, WARN, Judgement

LEAST_TABLES = 3
MOST_OF = 0.75
WORDS = {
    ("volume", -1): "dropped together",
    ("volume", 1): "grew together",
    ("schedule", 0): "are behind their schedule",
    ("age", 0): "are older than promised",
    ("event_age", 0): "have no new events",
    ("load", 0): "could not be loaded",
}


def group(judgements: Sequence[Judgement], sources: Iterable[str]) -> list[Judgement]:
    """Return the judgements with one on `source.*` for each rule that most tables of a source break in the same way.

    A source is one thing from three judged tables on; the reasons of its tables then name it.
    """
    found, told = list(judgements), []
    for source in sources:
        for (rule, way), words in WORDS.items():
            judged = [n for n, one in enumerate(found) if one.rule == rule and _is_of(one, source)]
            hit = [n for n in judged if found[n].verdict in (WARN, BAD) and (not way or _way(found[n]) == way)]
            if len(judged) < LEAST_TABLES or len(hit) < max(LEAST_TABLES, MOST_OF * len(judged)):
                continue
            told.append(_together([found[n] for n in hit], source, f"{len(hit)} of {len(judged)} tables {words}"))
            for n in hit:
                more = f"; so are others, see {source}.*"
                found[n] = replace(found[n], reason=found[n].reason.removesuffix(more) + more)
    return [*told, *found]


def _together(hit: Sequence[Judgement], source: str, words: str) -> Judgement:
    worst = BAD if any(one.verdict == BAD for one in hit) else WARN
    first = max(hit, key=lambda one: (one.verdict == BAD, abs(one.score or 0.0)))
    value = sum(one.value for one in hit if one.value is not None) if first.rule == "volume" else None
    expected = sum(one.expected for one in hit if one.expected is not None) if first.rule == "volume" else None
    return replace(
        first,
        subject=f"{source}.*",
        verdict=worst,
        reason=f"{words}, {first.subject} for one: {first.reason.partition('; so are others')[0]}",
        value=value,
        expected=expected,
        lower=None,
        upper=None,
        score=None,
    )


def _is_of(judgement: Judgement, source: str) -> bool:
    return (
        not judgement.column and judgement.subject.partition(".")[0] == source and not judgement.subject.endswith(".*")
    )


def _way(judgement: Judgement) -> int:
    return (judgement.value or 0.0) > (judgement.expected or 0.0) or -1
