"""What sources have in common that run a program: one run is one split, and the state it ends with is the position."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from lakesmith.errors import ConnectorOptionsError, LakesmithError, SourceDataError
from lakesmith.model.streams import Ask, Chunk, Finding, Position, SourceContext, Split, StreamId, StreamSpec
from lakesmith.sources.wrapped.reading import state_of

if TYPE_CHECKING:
    from lakesmith.sources.wrapped.program import Program

RUN = "run"
FOLDER = "{folder}"


class Run:
    """The chunks of a run, which the thread that waits for them shares with one that may end the wait."""

    def __init__(self, source: WrappedSource, stream: StreamSpec, state: Any) -> None:
        self._program: Program | None = None
        self._chunks = source.run(stream, state, self)

    def __iter__(self) -> Iterator[Chunk]:
        """Return the chunks."""
        return self

    def __next__(self) -> Chunk:
        """Return the next chunk."""
        return next(self._chunks)

    def holds(self, program: Program) -> None:
        """Remember the program that is to be ended with it."""
        self._program = program

    def cancel(self) -> None:
        """End the program. Any thread may ask."""
        if self._program is not None:
            self._program.end()

    def close(self) -> None:
        """Read no further; the program ends."""
        with suppress(LakesmithError):
            getattr(self._chunks, "close", lambda: None)()


class WrappedSource(ABC):
    """A connector of somebody else.

    With `replace` the program is told no state, so that it sends all it has. With `dedupe` and `append` it is told the state that the last
    load ended with; what it sends at a boundary a second time stands for the same record with `dedupe`, and twice with `append`.
    A run that fails loads nothing: programs promise a state only together with all they sent before.
    """

    modes: ClassVar[tuple[str, ...]] = ("replace", "dedupe", "append")
    default_mode: ClassVar[str] = "replace"

    def __init__(self, context: SourceContext) -> None:
        self._context = context
        self._ended: dict[StreamId, Position] = {}

    @abstractmethod
    def check(self) -> Iterator[Finding]:
        """Say what the program offers, and what it lacks."""

    @abstractmethod
    def run(self, stream: StreamSpec, state: Any, run: Run) -> Iterator[Chunk]:
        """Yield the chunks of one run that goes on from `state`."""

    def splits(self, stream: StreamSpec, ask: Ask) -> Sequence[Split]:
        """Return one run: only the program knows whether there is anything new; none where this very run has just ended."""
        is_whole = stream.mode == "replace"
        if ask.resumes and ask.since and (not is_whole or self._ended.get(stream.id) == ask.since):
            return []
        return [Split(stream.id, RUN, resumable=False, bound=is_whole)]

    def lanes(self, stream: StreamSpec) -> int:  # noqa: ARG002 - it is the same for all
        """Return one: a run is read in a thread of its own, so that it can be ended while it is waited for."""
        return 1

    def read(self, stream: StreamSpec, split: Split, ask: Ask) -> Iterator[Chunk]:  # noqa: ARG002 - there is only one
        """Yield what the program sends."""
        return Run(self, stream, None if stream.mode == "replace" else state_of(ask.since))

    def advance(self, position: Position | None, split: Split, after: Position) -> Position:  # noqa: ARG002 - the state says it all
        """Return the state that the run ended with."""
        self._ended[split.stream] = after
        return after

    @contextmanager
    def started(self, command: Sequence[str], folder: Path, where: str, run: Run | None = None) -> Iterator[Program]:
        """Run a program for the length of a `with`; `{folder}` in its words is where its files are."""
        from lakesmith.sources.wrapped.program import Program

        words = [word.replace(FOLDER, str(folder)) for word in command]
        if not Path(words[0]).is_absolute() and "/" in words[0]:
            words[0] = str(self._context.root / words[0])
        program = Program(words, cwd=self._context.root, where=where, silence_s=self._context.options.silence_s)
        if run is not None:
            run.holds(program)
        try:
            yield program
        finally:
            program.close()

    def place(self, stream: StreamSpec) -> str:
        """Return where a stream is written."""
        return f"stream {stream.id}, {stream.where or self._context.where}"

    def unknown(self, stream: StreamSpec, name: str, offered: Sequence[str]) -> LakesmithError:
        """Return the error of a stream that the program does not offer."""
        return ConnectorOptionsError(
            f"The program has no stream `{name}`; it has: {', '.join(sorted(offered)) or 'none'}.",
            where=self.place(stream),
            fix="correct the stream's name, or set `stream:`",
        )

    def said_nothing(self, what: str, words: str) -> LakesmithError:
        """Return the error of a program that does not say what it has to."""
        return SourceDataError(
            f"The program did not say {what}{': ' + words if words else ''}.",
            where=self._context.where,
            fix="run it by hand with the same settings and see what it says",
        )
