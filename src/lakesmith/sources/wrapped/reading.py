"""One run of a program for one stream: its messages in, chunks out, and the state that holds once all of it has landed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from lakesmith.errors import ConnectorOptionsError, LakesmithError, SourceDataError
from lakesmith.model.streams import Chunk, Reject, StreamSpec, canonical
from lakesmith.sources.files.formats.nested.json_values import UnreadableError
from lakesmith.sources.wrapped.messages import Failure, Message, Notice, Record, Shape, State, plain

if TYPE_CHECKING:
    from lakesmith.sources.wrapped.program import Program
    from lakesmith.sources.wrapped.records import Rows

CHUNK_BYTES = 4 * 1024 * 1024
RAW_LIMIT = 64 * 1024


class Lines(Protocol):
    """What says lines: a program, or a file that one wrote."""

    def lines(self) -> Iterator[bytes]:
        """Yield the lines."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


@dataclass(slots=True)
class Hearing:
    """What was heard so far of a run.

    `counts`: the protocol has a place for the number of records; `counted` is how many records the program says it sent, None if it does not say; `is_torn` that a line was no message, so that
    nobody knows whether it counts.
    """

    stream: StreamSpec
    name: str
    namespace: str | None
    understand: Callable[[bytes], Message]
    state: Any
    wanted: Mapping[str, Any] = field(default_factory=dict)
    needs_shape: bool = False
    counts: bool = False
    records: int = 0
    counted: int | None = None
    is_torn: bool = False
    rejects: list[Reject] = field(default_factory=list)
    notices: dict[str, None] = field(default_factory=dict)
    failure: Failure | None = None

    def hear(self, number: int, line: bytes, rows: Rows) -> None:
        """Take one line in."""
        try:
            message = self.understand(line)
        except UnreadableError as why:
            self.is_torn = True
            text = line[:RAW_LIMIT].decode("utf-8", "surrogateescape")
            self.rejects.append(Reject(str(why), f"{self.name}, line {number}", text, cut=len(line) > RAW_LIMIT))
            return
        if isinstance(message, Record):
            self._record(number, message, rows)
        elif isinstance(message, State):
            self.state = plain(message.value)
            if message.counted is not None:
                self.counted = (self.counted or 0) + message.counted
        elif isinstance(message, Shape) and message.stream == self.name:
            self.needs_shape = False
            rows.wanted = {**rows.wanted, **_wanted(message.schema)}
        elif isinstance(message, Notice):
            self.notices[message.text] = None
        elif isinstance(message, Failure):
            self.failure = message

    def _record(self, number: int, record: Record, rows: Rows) -> None:
        if record.stream != self.name or (self.namespace is not None and record.namespace != self.namespace):
            return
        if self.needs_shape:
            raise SourceDataError(
                f"The program sends a record of `{self.name}` in line {number} before it has said what records of it look like.",
                where=self.stream.where,
                fix="that is a fault of the program: tell its authors",
            )
        rows.add(number, record.values)
        self.records += 1


def chunks(lines: Lines, hearing: Hearing, program: Program | None) -> Iterator[Chunk]:
    """Yield the records of a run; the last chunk brings the state, and is only reached if the program says that all went well.

    Raises:
        LakesmithError: If it says otherwise, by a message, its exit code, or its silence.
    """
    from lakesmith.sources.wrapped.records import Rows

    rows = Rows(hearing.name, dict(hearing.wanted))
    before = position_of(hearing.state)
    try:
        for number, line in enumerate(lines.lines(), start=1):
            hearing.hear(number, line, rows)
            if rows.bytes >= CHUNK_BYTES:
                yield from _made(rows, hearing, before)
        if program is not None:
            need_success(program, hearing.failure, place_of(hearing.stream))
        elif hearing.failure is not None:
            raise failed(hearing.failure.text, place_of(hearing.stream), is_config=hearing.failure.is_config)
        yield from _made(rows, hearing, before)
        rest = None if hearing.counted is None or hearing.is_torn else hearing.counted - hearing.records
        yield Chunk(_nothing(), position_of(hearing.state), (), rest, hearing.name, notices=tuple(hearing.notices))
    finally:
        lines.close()


def _made(rows: Rows, hearing: Hearing, after: bytes) -> Iterator[Chunk]:
    for batch in rows.take():
        count = batch.rows.num_rows + len(batch.rejects) if hearing.counts else None
        yield Chunk(batch.rows, after, batch.rejects, count, hearing.name)
    if hearing.rejects:
        rejects, hearing.rejects = tuple(hearing.rejects), []
        yield Chunk(_nothing(), after, rejects, len(rejects) if hearing.counts else None, hearing.name)


def need_success(program: Program, failure: Failure | None, where: str) -> None:
    """Go on if a program has ended well.

    Raises:
        LakesmithError: If it has not.
    """
    code = program.code
    if code or failure is not None:
        said = failure.text if failure is not None else program.last_words()
        ended = (
            "was ended"
            if program.is_ended
            else f"ended with exit code {code}"
            if code > 0
            else f"was killed by signal {-code}"
        )
        text = f"The program {ended}: {said}" if code else f"The program says: {said}"
        raise failed(text, where, is_config=failure is not None and failure.is_config)


def place_of(stream: StreamSpec) -> str:
    """Return where a stream is written."""
    return f"stream {stream.id}, {stream.where}"


def failed(text: str, where: str, *, is_config: bool) -> LakesmithError:
    """Return the error of a run that went wrong."""
    if is_config:
        return ConnectorOptionsError(text, where=where, fix="correct `config:`, as the connector's documentation says")
    return SourceDataError(
        text,
        where=where,
        fix="nothing of this run was loaded; run the same command again, and see what the program says",
    )


def position_of(state: Any) -> bytes:
    """Return a state as a position: canonical JSON."""
    return canonical({"state": state})


def state_of(position: bytes | None) -> Any:
    """Return the state that a position holds, None where there is none."""
    return json.loads(position).get("state") if position else None


def _wanted(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    from lakesmith.sources.wrapped.schemas import wanted_types

    return wanted_types(schema)


def _nothing() -> Any:
    from lakesmith.sources.files.formats.nested.json_records import EMPTY

    return EMPTY


class Recorded:
    """A file of messages."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")

    def lines(self) -> Iterator[bytes]:
        """Yield the lines."""
        return (line.rstrip(b"\r\n") for line in self._file if line.strip())

    def close(self) -> None:
        """Close the file."""
        self._file.close()
