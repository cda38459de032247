"""Avro: block by block as its own schema says, forward only; every block tells how many records it has.

The records of a block are decoded without their logical types, which Arrow reads out of the numbers exactly and at once. A value that
its declared type cannot hold makes its column text in that batch. Blocks are held one at a time, however large they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, cast
from zlib import error as ZlibError  # noqa: N812 - the library's class has a lower-case name

import pyarrow as pa

from lakesmith.errors import MissingExtraError
from lakesmith.sources.files.formats.base import Sight, Stretch, Tail
from lakesmith.sources.files.formats.tables.avro_types import DamagedError, compile_schema, without_logical_types
from lakesmith.sources.files.formats.tables.columnar import MOST_ROWS, no_columns, shown_schema, unreadable

if TYPE_CHECKING:
    from lakesmith.sources.files.options import FileStreamOptions
    from lakesmith.sources.files.reading.tape import Tape

KIND = "an Avro file"
BLOCK_BYTES = 2 * 1024 * 1024
"""How many bytes of blocks make a batch."""
MOST_BLOCK = 256 * 1024 * 1024
"""How large a block may be as it lies in the file: it is unpacked and held as a whole."""

MOST_WEIGHTLESS = 10_000_000
"""How many records that take no byte a block may claim."""

SEVEN_BITS, MORE = 0x7F, 0x80


class _Forward(Protocol):
    """What fastavro reads from."""

    def read(self, size: int) -> bytes: ...

    def tell(self) -> int: ...


class TapeFile:
    """A tape as fastavro wants it."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape

    def tell(self) -> int:
        """Return the offset of the next byte."""
        return self._tape.position

    def read(self, size: int) -> bytes:
        """Return the next `size` bytes, fewer only at the end."""
        if not size:
            return b""  # a tape takes an empty piece for its end
        if size > MOST_BLOCK:
            raise DamagedError(f"a block is larger than {MOST_BLOCK // 1024**2} MB")
        pieces = [self._tape.read(size)]
        left = size - len(pieces[0])
        while left and pieces[-1]:
            pieces.append(self._tape.read(left))
            left -= len(pieces[-1])
        self._tape.digest(self._tape.position)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


@dataclass(slots=True)
class _Batch:
    """Records of blocks, until they are enough; `size` in bytes as they are in the file."""

    records: list[Any] = field(default_factory=list)
    size: int = 0

    @property
    def is_full(self) -> bool:
        return self.size >= BLOCK_BYTES or len(self.records) >= MOST_ROWS


class AvroReading:
    """The reading of one file, from its header on."""

    def __init__(self, file: _Forward) -> None:
        import fastavro
        from fastavro.schema import SchemaParseException, UnknownType

        try:
            self._blocks = fastavro.block_reader(cast("BinaryIO", file))
            schema: Any = fastavro.parse_schema(cast("dict[str, Any]", self._blocks.writer_schema), {})
        except (SchemaParseException, UnknownType) as error:
            raise DamagedError("its schema is not valid") from error
        self.kind, is_recursive = compile_schema(schema)
        # the compiled reader would run out of its stack, and the process with it; the other one says so
        reader = import_module("fastavro._read_py" if is_recursive else "fastavro")
        self._read_block = reader.schemaless_reader
        self._plain = fastavro.parse_schema({"type": "array", "items": without_logical_types(schema)}, {})
        self._is_record = pa.types.is_struct(self.kind.type)

    @property
    def codec(self) -> str:
        """How the blocks are packed; `null` is not at all."""
        return str(self._blocks.codec)

    @property
    def schema(self) -> pa.Schema:
        """The columns; a file whose records have no fields has the one column `value`."""
        if self._is_record:
            return pa.schema([kind.field(name) for name, kind in self.kind.parts.items()])
        return pa.schema([pa.field("value", self.kind.type)])

    def stretches(self) -> Iterator[Stretch]:
        """Yield the records in batches of a few megabytes."""
        batch, told = _Batch(), 0
        for block in self._blocks:
            batch.records += self._decoded(block)
            batch.size += block.size
            told += block.num_records
            if batch.is_full:
                yield Stretch(self._rows(batch.records), (), told)
                batch, told = _Batch(), 0
        yield Stretch(self._rows(batch.records), (), told)

    def _decoded(self, block: Any) -> list[Any]:
        """Decode a block as what it is: an array without its count and end."""
        if not block.num_records:
            return []
        raw = block.bytes_.read()
        most = MOST_WEIGHTLESS if self.kind.is_weightless and not raw else len(raw)
        if block.num_records > most:
            raise DamagedError("a block does not hold the records that it says it has")
        content = BytesIO(_count(block.num_records) + raw + b"\0")
        records = self._read_block(content, self._plain, None)
        if not isinstance(records, list) or len(records) != block.num_records or content.read(1):
            raise DamagedError("a block does not hold the records that it says it has")
        return records

    def _rows(self, records: list[Any]) -> pa.RecordBatch:
        if not self._is_record:
            column, told = self.kind.column("value", records)
            return pa.RecordBatch.from_arrays([column], schema=pa.schema([told]))
        if not self.kind.parts:
            return no_columns(len(records))
        columns = [kind.column(name, [row[name] for row in records]) for name, kind in self.kind.parts.items()]
        return pa.RecordBatch.from_arrays([one for one, _ in columns], schema=pa.schema([told for _, told in columns]))


class AvroFormat:
    """Reads Avro object container files."""

    def read(self, tail: Tail, tape: Tape) -> Iterator[Stretch]:
        """Yield the records, block by block.

        Raises:
            SourceDataError: If the file is no whole Avro file.
            MissingExtraError: If the library that reads Avro, or how its blocks are packed, is not installed.
        """
        with _refused(tail.name):
            yield from AvroReading(TapeFile(tape)).stretches()

    def look(self, head: BinaryIO, options: FileStreamOptions, name: str) -> Sight:  # noqa: ARG002 - nothing is guessed
        """Return columns, types and packing of a file; how many rows it has is known only once it was read."""
        head.seek(0)
        with _refused(name):
            reading = AvroReading(head)
        packed = "" if reading.codec == "null" else f"packed by {reading.codec}, "
        return Sight(f"{packed}{shown_schema(reading.schema)}")


@contextmanager
def _refused(name: str) -> Iterator[None]:
    """Turn the many ways in which fastavro stumbles over bytes into one error that names the file."""
    try:
        yield
    except ImportError as error:
        raise _missing("reads Avro", name) from error
    except ValueError as error:
        if "you need to install" in str(error):
            raise _missing("unpacks these blocks", name) from error
        raise unreadable(name, KIND, _why(error)) from error
    except OSError as error:
        if error.errno is not None:
            raise  # the storage, not the content
        raise unreadable(name, KIND, _why(error)) from error
    except _STUMBLES as error:
        raise unreadable(name, KIND, _why(error)) from error


_STUMBLES = (ArithmeticError, AttributeError, EOFError, LookupError, MemoryError, RecursionError, TypeError, ZlibError)


def _why(error: Exception) -> str:
    """Return what went wrong without the library's words, which may hold a value."""
    if isinstance(error, EOFError):
        return "it ends in the middle of a block"
    if isinstance(error, RecursionError):
        return "its records are nested too deeply"
    return str(error) if isinstance(error, DamagedError) else "its content is damaged"


def _missing(what: str, name: str) -> MissingExtraError:
    return MissingExtraError(
        f"The library that {what} is not installed.", where=name, fix="pip install 'lakesmith[files]'"
    )


def _count(number: int) -> bytes:
    r"""Return a count as Avro writes it: zigzag, seven bits in a byte.

    Examples:
        >>> _count(1), _count(100)
        (b'\x02', b'\xc8\x01')
    """
    left, written = number << 1, bytearray()
    while left > SEVEN_BITS:
        written.append(left & SEVEN_BITS | MORE)
        left >>= 7
    return bytes((*written, left))


FORMAT = AvroFormat()
