"""Stories: what happens to a table, as a list of plain steps that a seed gives, that can be told, and made shorter."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from lakesmith.testing.torture.catalog import FAULTS, RAISED, Fault

MODES = ("append", "dedupe", "replace", "history")
GROUPS = (1, 1, 1000, 1 << 30)
"""A group for every split, for a few, for all of a load; in bytes."""
PROGRAMS = ("load", "rebuild", "tend", "rollback", "collect")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happens: `kind`, a number whose meaning is the kind's, and for programs where they pause and which faults they meet."""

    kind: str
    number: int = 0
    steps: int | None = None
    faults: tuple[Fault, ...] = ()

    def __str__(self) -> str:
        words = [self.kind, *([str(self.number)] if self.number else [])]
        if self.steps is not None:
            words.append(f"for {self.steps} pauses")
        if self.faults:
            words.append(f"meeting {', '.join(map(str, self.faults))}")
        return " ".join(words)


@dataclass(frozen=True, slots=True)
class Story:
    """All that happens in one history."""

    seed: int
    mode: str
    steps: tuple[Step, ...]
    filler: int = 0
    """Bytes added to every position, so that checkpoints lie aside."""
    keep: int = 50
    """How many snapshots expiry keeps by number."""
    group_bytes: int = 1
    """How large a group is before it is committed, and how much of a first load is looked at before types are assumed."""


WEIGHTS = {
    "load": 10,
    "grow": 5,
    "resume": 5,
    "rebuild": 1,
    "tend": 3,
    "rollback": 1,
    "collect": 3,
    "siege": 1,
    "kill": 2,
    "arrive": 2,
    "clock": 2,
    "foreign replace": 1,
    "foreign append": 1,
    "foreign property": 1,
    "foreign rollback": 1,
    "restore": 1,
    "heal": 1,
}
HOUR_S = 3600
JUMPS_S = (-2 * HOUR_S, -400, -120, -61, -1, 1, 300, HOUR_S, 25 * HOUR_S, 4 * 24 * HOUR_S)


THEMES: dict[str, dict[str, int]] = {
    "": WEIGHTS,
    "collector": {"load": 6, "tend": 5, "siege": 5, "resume": 6, "grow": 5, "clock": 1, "rollback": 1, "kill": 1},
    "sleeper": {"load": 5, "grow": 4, "tend": 2, "rollback": 2, "siege": 7, "resume": 4},
    "crowd": {
        "load": 9,
        "resume": 9,
        "grow": 4,
        "foreign rollback": 2,
        "foreign replace": 1,
        "rollback": 2,
        "arrive": 3,
    },
    "overtaken": {},
}
OVERTAKEN = (
    ("tend", "load"),
    ("tend", "load"),
    ("load", "tend"),
    ("load", "tend"),
    ("load", "load"),
    ("tend", "tend"),
    ("tend", "rollback"),
    ("rollback", "tend"),
    ("rebuild", "tend"),
    ("rebuild", "load"),
)
"""Who sleeps, and who moves the table meanwhile; twice what the collector has to think of."""


def write_story(seed: int, mode: str | None = None, *, theme: str | None = None) -> Story:
    """Return the story of a seed.

    Args:
        seed: What is drawn from.
        mode: How the stream is loaded; None: drawn as well.
        theme: One of `THEMES`, what happens mostly; None: drawn as well.
    """
    chance = random.Random(seed)  # noqa: S311 - repeatable on purpose
    drawn = chance.choices(list(THEMES), (6, 2, 1, 2, 2))[0]
    weights = THEMES[drawn if theme is None else theme]
    chosen = chance.choices(MODES, (5, 1, 4, 2))[0]
    steps = _write_freely(weights, chance) if weights else _write_overtaken(chance)
    filler, keep = chance.choice((0, 0, 0, 5000)), chance.choice((50, 2, 4))
    group_bytes = chance.choice(GROUPS)
    return Story(seed, mode or chosen, steps, filler, keep, group_bytes)


def _write_freely(weights: dict[str, int], chance: random.Random) -> tuple[Step, ...]:
    kinds = chance.choices(list(weights), list(weights.values()), k=chance.randint(5, 22))
    return tuple(_write(kind, chance) for kind in ("load", *kinds))


def _write_overtaken(chance: random.Random) -> tuple[Step, ...]:
    """Let a program sleep, be overtaken, go on for a little or not, and sleep for days while the collector passes."""
    sleeper, faster = chance.choice(OVERTAKEN)
    loads = (
        step for _load in range(chance.randint(1, 4)) for step in (Step("grow", chance.randint(1, 5)), Step("load"))
    )
    goes_on = [Step("resume", 0, chance.randrange(6))] if chance.random() < 2 / 3 else []
    waits = [Step("clock", chance.choice((HOUR_S, 25 * HOUR_S, 4 * 24 * HOUR_S)))] if chance.random() < 2 / 3 else []
    return (
        Step("load"),
        *loads,
        Step("grow", chance.randint(1, 5)),
        Step(sleeper, chance.randrange(8), chance.randrange(24)),
        *([Step("grow", chance.randint(1, 5))] if faster == "load" else []),
        Step(faster, chance.randrange(8)),
        *goes_on,
        *waits,
        Step("collect"),
        Step("clock", 25 * HOUR_S),
        Step("collect"),
        Step("resume"),
        *(_write(kind, chance) for kind in chance.choices(("load", "tend", "siege", "resume"), k=2)),
    )


def _write(kind: str, chance: random.Random) -> Step:
    if kind == "grow":
        return Step(kind, chance.randint(1, 9))
    if kind == "clock":
        return Step(kind, chance.choice(JUMPS_S))
    if kind not in (*PROGRAMS, "resume"):
        return Step(kind, chance.randrange(8))
    steps = chance.choice((None, None, chance.randrange(60), chance.randrange(25)))
    faults = tuple(
        Fault(chance.choice(FAULTS), chance.choice(list(RAISED))) for _ in range(chance.choice((0, 0, 0, 1, 1, 2, 4)))
    )
    return Step(kind, chance.randrange(8), steps, faults if kind != "resume" else ())


def shrink(story: Story, breaks: Callable[[Story], bool], *, tries: int = 150) -> Story:
    """Return a shorter story that still `breaks`: steps left out as long as that goes, then faults and pauses."""
    left = tries
    size = max(1, len(story.steps) // 2)
    while size and left > 0:
        for start in range(0, len(story.steps), size):
            shorter = _with(story, (*story.steps[:start], *story.steps[start + size :]))
            left -= 1
            if breaks(shorter):
                story = shorter
                break
            if left <= 0:
                break
        else:
            size //= 2
    for at, step in enumerate(story.steps):
        for plainer in (Step(step.kind, step.number, step.steps), Step(step.kind, step.number, None, step.faults)):
            if plainer != step and left > 0:
                left -= 1
                changed = _with(story, (*story.steps[:at], plainer, *story.steps[at + 1 :]))
                story = changed if breaks(changed) else story
    return story


def _with(story: Story, steps: Sequence[Step]) -> Story:
    return replace(story, steps=tuple(steps))
