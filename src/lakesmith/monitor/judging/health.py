"""The health of a table: the worst of its load, its freshness and its checks. What was not looked at is never good."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lakesmith.monitor.judging.values import (
    BAD,
    CHECK_RULES,
    FRESHNESS_RULES,
    GOOD,
    LEARNING,
    LOAD_RULES,
    UNKNOWN,
    WARN,
    Health,
    Judgement,
)

WORST_FIRST = (BAD, WARN, UNKNOWN, LEARNING, GOOD)
LETTERS = {BAD: "B", WARN: "W", UNKNOWN: "?", LEARNING: "L", GOOD: "G"}
"""One letter for each verdict, so that nothing hangs on a colour."""


def worst(verdicts: Iterable[str]) -> str:
    """Return the worst of verdicts; unknown if there is none.

    Examples:
        >>> worst(["good", "learning"]), worst(["good", "warn", "unknown"]), worst([])
        ('learning', 'warn', 'unknown')
    """
    return min(verdicts, key=WORST_FIRST.index, default=UNKNOWN)


def health_of(subject: str, judgements: Sequence[Judgement]) -> Health:
    """Return the health of a table from the newest judgements of its rules: good only if all three parts were looked at and are good."""
    own = [one for one in judgements if one.subject == subject]
    load, freshness, checks = (_part(own, rules) for rules in (LOAD_RULES, FRESHNESS_RULES, CHECK_RULES))
    reasons = sorted((one for one in own if one.verdict != GOOD), key=lambda one: WORST_FIRST.index(one.verdict))
    return Health(subject, worst((load, freshness, checks)), load, freshness, checks, tuple(reasons))


def letters(health: Health) -> str:
    """Return the three parts as letters: load, freshness, checks.

    Examples:
        >>> letters(Health("a.b", "unknown", "good", "warn", "unknown"))
        'GW?'
    """
    return "".join(LETTERS[part] for part in (health.load, health.freshness, health.checks))


def _part(judgements: Sequence[Judgement], rules: Sequence[str]) -> str:
    return worst(one.verdict for one in judgements if one.rule in rules)
