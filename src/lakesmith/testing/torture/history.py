"""Plays one story with the real code in a world of its own, and checks the laws after every step."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from lakesmith.errors import (
    CatalogLockedError,
    ClockBehindError,
    CommitUnknownError,
    FencedError,
    ForeignCommitError,
    LakesmithError,
    StorageUnavailableError,
    UsageError,
)
from lakesmith.testing.torture import foreign
from lakesmith.testing.torture.actors import Actor, Died, acting
from lakesmith.testing.torture.feed import reached
from lakesmith.testing.torture.laws import FOREIGN, BrokenError
from lakesmith.testing.torture.oracle import ancestors, head
from lakesmith.testing.torture.story import Step, Story
from lakesmith.testing.torture.world import KEY, World

EXPECTED = (
    FencedError,
    ForeignCommitError,
    CommitUnknownError,
    CatalogLockedError,
    StorageUnavailableError,
    ClockBehindError,
    UsageError,
)
RESTORABLE = timedelta(hours=20)
DAY_S = 25 * 3600
CHECKPOINT = "lakesmith.checkpoint"


@dataclass(slots=True)
class History:
    """A story as it happens. `told` is what happened, for people; `broken` the first law that did not hold."""

    story: Story
    world: World = field(init=False)
    told: list[str] = field(default_factory=list)
    broken: BrokenError | None = None
    landed: int = 0
    _cause: str = ""
    _former: list[tuple[Any, str | None]] = field(default_factory=list)
    _known: dict[str, int] = field(default_factory=dict)
    """The highest ordinal that each load was told of when it began."""

    def __post_init__(self) -> None:
        """Make the world."""
        story = self.story
        self.world = World(story.seed, story.mode, story.filler, story.keep, story.group_bytes)
        self.world.line.moved = self._moved

    def play(self) -> BrokenError | None:
        """Play all steps, then let everything that is under way arrive and see whether a load comes to its end."""
        try:
            for number, step in enumerate(self.story.steps, 1):
                self._tell(f"{number:3}. {step}")
                self._step(step)
            self._tell("     all programs die, and what is under way arrives")
            self.world.end()
            while self.world.line.under_way:
                self._arrive(Step("arrive"))
            self._heal(Step("heal"))
            self._check()
            self._check_whole()
        except BrokenError as error:
            self.broken = self.broken or error
        finally:
            self.world.end()
        if self.broken is not None:
            self._tell(f"     BROKEN: {self.broken}")
        return self.broken

    def _step(self, step: Step) -> None:
        self._cause = step.kind
        _ACTS[step.kind](self, step)
        self._check()

    def _check(self) -> None:
        if self.broken is not None:
            raise self.broken
        if self.world.path is None:
            return
        self.world.witness.check_objects(self.world.store.objects.keys())
        self._check_quarantine()

    def _check_quarantine(self) -> None:
        _ids, rejects = self.world.feed.truth(self.world.witness.position)
        try:
            shown = [row.where for row in self.world.table.quarantined()]
        except (LakesmithError, TypeError, ValueError, KeyError) as error:
            raise BrokenError("quarantine", f"it cannot be read: {error!r:.300}") from error
        if self.story.mode == "history":  # what earlier copies had put there stays
            shown = [where for where in shown if where in rejects]
        if sorted(shown) != sorted(rejects):
            text = f"{sorted(shown)[:5]} are shown, {sorted(rejects)[:5]} should be"
            raise BrokenError("quarantine", text)

    def _check_whole(self) -> None:
        wanted, position = self.world.feed.whole(), self.world.witness.position
        if reached(position) != reached(wanted):
            raise BrokenError("lost", f"a load said that nothing is new, and the table stands at {reached(position)}")

    def _moved(self) -> None:
        """Look at the table, whose pointer has just been moved by the program or the step that acts."""
        actor = acting()
        cause = self.world.line.cause or (actor.name.rpartition(" ")[0] if actor else self._cause)
        path = self.world.path
        self._former.append((self.world.store_time(), self.world.witness.path))
        self.landed += 1
        if path is None or self.broken is not None:
            return
        self._tell(f"       {actor.name if actor else cause} landed")
        try:
            self.world.witness.look(path, cause)
        except BrokenError as error:
            self.broken = error

    # the programs

    def _run(self, step: Step, act: Callable[[], Any]) -> Actor:
        actor = self.world.start(step.kind, act, step.faults)
        self._known[actor.name] = self.world.known_ordinal
        self._go_on(actor, step)
        return actor

    def _go_on(self, actor: Actor, step: Step) -> None:
        finished = actor.resume(step.steps) if step.steps is not None else actor.resume()
        if finished:
            self._judge(actor)
        else:
            self._tell(f"       {actor.name} pauses at {actor.place}")

    def _judge(self, actor: Actor) -> None:
        """Take note of how a program ended; only errors that tell a person what happened are lawful."""
        error = actor.error
        if error is None:
            self._acknowledge(actor)
            return
        self._tell(
            f"       {actor.name} ended with {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        )
        if isinstance(error, (*EXPECTED, Died)):
            return
        if isinstance(error, BrokenError):
            raise error
        said = "".join(traceback.format_exception(error)[-4:])
        raise BrokenError("unexpected", f"{actor.name} ended with {type(error).__name__}: {said}") from error

    def _acknowledge(self, actor: Actor) -> None:
        """Remember what a load said it had committed, as the run store does."""
        for problem in _problems(actor):
            self._tell(f"       {actor.name} deleted nothing: {type(problem).__name__}")
            if not isinstance(problem, EXPECTED):
                raise BrokenError("unexpected", f"{actor.name} deleted nothing: {problem!r:.300}") from problem
        commits = getattr(actor.result, "commits", ())
        self._tell(f"       {actor.name} ended well: {getattr(actor.result, 'state', type(actor.result).__name__)}")
        for commit in commits:
            if commit.kind == "load" and commit.checkpoint.ordinal <= self._known.get(actor.name, 0):
                raise BrokenError(
                    "order", f"{actor.name} gave ordinal {commit.checkpoint.ordinal} again, which the record knows"
                )
            self.world.known_ordinal = max(self.world.known_ordinal, commit.checkpoint.ordinal)

    def _load(self, step: Step) -> None:
        self._run(step, self.world.load)

    def _tend(self, step: Step) -> None:
        self._run(step, self.world.tend)

    def _rebuild(self, step: Step) -> None:
        self._run(step, self.world.rebuild)

    def _rollback(self, step: Step) -> None:
        if self.world.path is None:
            return
        metadata = self.world.witness.oracle.metadata(self.world.path)
        own = [one["snapshot-id"] for one in metadata["snapshots"] if CHECKPOINT in one["summary"]]
        if own:
            target = own[step.number % len(own)]
            self._run(step, lambda: self.world.table.rollback(target))

    def _collect(self, step: Step) -> None:
        self._sweep(step)

    def _sweep(self, step: Step) -> Actor:
        """Let the collector pass; one that nobody disturbs finds nothing that it cannot read, unless somebody else has added rows."""
        is_blind = self.world.line.blind > 0
        actor = self._run(step, self.world.collect)
        lawful = ForeignCommitError if self.world.witness.has_foreign else ()
        problems = [problem for problem in _problems(actor) if not isinstance(problem, lawful)]
        if problems and step.steps is None and not is_blind:
            raise BrokenError("collector", f"{actor.name} deleted nothing: {problems[0]!r:.300}")
        return actor

    def _siege(self, step: Step) -> None:
        """Let the collector pass three times, a day apart."""
        for _pass in range(3):
            actor = self._sweep(Step("collect"))
            for swept in actor.result or ():
                gone = [one for one in swept.litter if one.state == "deleted"]
                self._tell(f"       {len(gone)} of {len(swept.litter)} objects that nobody needs were deleted")
            self._pass_time(DAY_S)
            self._check()
        del step

    def _resume(self, step: Step) -> None:
        paused = [actor for actor in self.world.programs if not actor.is_done]
        if paused:
            actor = paused[step.number % len(paused)]
            self._tell(f"       {actor.name} goes on from {actor.place}")
            self._go_on(actor, step)

    def _kill(self, step: Step) -> None:
        paused = [actor for actor in self.world.programs if not actor.is_done]
        if paused:
            actor = paused[step.number % len(paused)]
            self._tell(f"       {actor.name} dies at {actor.place}")
            actor.kill()

    # the world

    def _grow(self, step: Step) -> None:
        self.world.feed.grow(step.number)

    def _clock(self, step: Step) -> None:
        self._pass_time(step.number)

    def _pass_time(self, seconds: float) -> None:
        """Move the clock; what was sent a day ago arrives no more, though a program may sleep for longer and go on."""
        self.world.jump(seconds)
        if seconds > DAY_S / 2:
            self.world.line.under_way.clear()

    def _arrive(self, step: Step) -> None:
        waiting = self.world.line.under_way
        if waiting:
            cause, act = waiting.pop(step.number % len(waiting))
            self._tell(f"       a late commit of {cause} arrives")
            with self._caused_by(cause):
                act()

    def _restore(self, step: Step) -> None:
        """Put an earlier copy of the catalog back, of a time whose files are promised to be there."""
        now = self.world.store_time()
        kept = [path for at, path in self._former[-8:] if path is not None and now - at < RESTORABLE]
        if kept:
            self.world.catalog.point(KEY, kept[-1 - step.number % len(kept)])

    def _heal(self, step: Step) -> None:
        """Take every fault away and load: this must go well, unless somebody else has added rows."""
        del step
        line = self.world.line
        line.blind = 0
        behind_ms = self.world.witness.updated_ms - self.world.clock.time.timestamp() * 1000
        if behind_ms > 0:
            self.world.jump(behind_ms / 1000 + 1)
        for _try in range(2):
            actor = self.world.start("load", self.world.load)
            actor.resume()
            if isinstance(actor.error, ForeignCommitError) and self.world.witness.has_foreign:
                self._tell(
                    "       a load is refused over foreign rows; a person puts main back to what was before them"
                )
                self._check()
                self._repair()
                continue
            break
        self._judge(actor)
        if actor.error is not None:
            raise BrokenError("stuck", f"a load alone, with all well, ended with {actor.error!r:.300}")

    def _repair(self) -> None:
        oracle = self.world.witness.oracle
        metadata = oracle.metadata(self.world.path or "")
        for snapshot in ancestors(metadata, head(metadata)):
            contents = oracle.contents(metadata, snapshot["snapshot-id"])
            if all(id_ < FOREIGN for _seq, id_ in contents.rows):
                with self._caused_by("foreign rollback"):
                    foreign.set_main(self.world, snapshot["snapshot-id"])
                return
        raise BrokenError("stuck", "no kept snapshot is free of foreign rows")

    def _foreign(self, step: Step) -> None:
        if self.world.path is None or self.world.witness.position is None:
            return
        try:
            _FOREIGN[step.kind](self.world, step.number)
        except LakesmithError as error:
            self._tell(f"       {step.kind} failed: {error}")

    @contextlib.contextmanager
    def _caused_by(self, cause: str) -> Iterator[None]:
        self.world.line.cause = cause
        try:
            yield
        finally:
            self.world.line.cause = ""

    def _tell(self, line: str) -> None:
        self.told.append(line)


def _problems(actor: Actor) -> list[LakesmithError]:
    """Return why a pass of the collector deleted nothing; of other programs nothing."""
    passed = actor.result if isinstance(actor.result, list) else []
    return [swept.problem for swept in passed if swept.problem is not None]


_FOREIGN = {
    "foreign append": foreign.append,
    "foreign replace": foreign.replace,
    "foreign property": foreign.rename,
    "foreign rollback": foreign.roll_back,
}
_ACTS: dict[str, Callable[[History, Step], None]] = {
    "load": History._load,  # noqa: SLF001 - the table of this module's own acts
    "rebuild": History._rebuild,  # noqa: SLF001
    "tend": History._tend,  # noqa: SLF001
    "rollback": History._rollback,  # noqa: SLF001
    "collect": History._collect,  # noqa: SLF001
    "siege": History._siege,  # noqa: SLF001
    "resume": History._resume,  # noqa: SLF001
    "kill": History._kill,  # noqa: SLF001
    "grow": History._grow,  # noqa: SLF001
    "clock": History._clock,  # noqa: SLF001
    "arrive": History._arrive,  # noqa: SLF001
    "restore": History._restore,  # noqa: SLF001
    "heal": History._heal,  # noqa: SLF001
    **dict.fromkeys(_FOREIGN, History._foreign),  # noqa: SLF001
}


def play(story: Story) -> History:
    """Play a story and return what happened."""
    history = History(story)
    history.play()
    return history
