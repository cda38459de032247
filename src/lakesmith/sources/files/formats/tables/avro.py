"""Avro: block by block as its own schema says, forward only; every block tells how many records it has.

The records of a block are decoded without their logical types, which Arrow reads out of the numbers exactly and at once. A value that
its declared type cannot hold makes its column text in that batch. Blocks are held one at a time; a large one is decoded piece by piece.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO, cast
from zlib import error as ZlibError  # noqa: N812 - the library's class has a lower-case name

import pyarrow as pa

from lakesmith.errors import MissingExtraError
from lakesmith.sources.files.formats.base import Sight, Stretch, Tail
from lakesmith.sources.files.formats.tables.avro_blocks import MOST_BLOCK, TOO_LARGE, Block, Forward, blocks_of
from lakesmith.sources.files.formats.tables.avro_types import DamagedError, compile_schema, without_logical_types
from lakesmith.sources.files.formats.tables.columnar import MOST_ROWS, no_columns, shown_schema, unreadable

if TYPE_CHECKING:
    from lakesmith.sources.files.options import FileStreamOptions
    from lakesmith.sources.files.reading.tape import Tape

KIND = "an Avro file"
BLOCK_BYTES = 2 * 1024 * 1024
"""How many bytes of blocks make a batch."""
WHOLE_BYTES = 16 * 1024 * 1024
"""A block up to here, with no more records than make a batch, is decoded at once; of a larger one, a record may be as long as this."""

TOGETHER = 256
"""How many records of a larger block are decoded at once."""

MOST_WEIGHTLESS = 10_000_000
"""How many records that take no byte a block may claim."""

SEVEN_BITS, MORE = 0x7F, 0x80
MISCOUNTED = "a block does not hold the records that it says it has"


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
            raise DamagedError(TOO_LARGE)
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


class _Plain:
    """The schema of a record as fastavro takes it: of a list of them, of one, and of some, which are the fields of a larger one.

    There is none of some where the schema has no name that the other fields could call it by.
    """

    def __init__(self, schema: Any) -> None:
        import fastavro

        def parsed(given: Any) -> Any:
            return fastavro.parse_schema(given, {})

        self.many, self.one = parsed({"type": "array", "items": schema}), parsed(schema)
        name = schema.get("name") if isinstance(schema, dict) else None
        fields = [{"name": f"r{at}", "type": name if at else schema} for at in range(TOGETHER)]
        self.some = parsed({"type": "record", "name": "lakesmith.Together", "fields": fields}) if name else None


class AvroReading:
    """The reading of one file, from its header on."""

    def __init__(self, file: Forward) -> None:
        import fastavro
        from fastavro.schema import SchemaParseException, UnknownType

        try:
            self._file, self._header = file, fastavro.block_reader(cast("BinaryIO", file))
            schema: Any = fastavro.parse_schema(cast("dict[str, Any]", self._header.writer_schema), {})
        except (SchemaParseException, UnknownType) as error:
            raise DamagedError("its schema is not valid") from error
        self.kind, is_recursive = compile_schema(schema)
        # the compiled reader would run out of its stack, and the process with it; the other one says so
        reader = import_module("fastavro._read_py" if is_recursive else "fastavro")
        self._read_block = reader.schemaless_reader
        self._plain = _Plain(without_logical_types(schema))
        self._is_record = pa.types.is_struct(self.kind.type)

    @property
    def codec(self) -> str:
        """How the blocks are packed; `null` is not at all."""
        return str(self._header.codec)

    @property
    def schema(self) -> pa.Schema:
        """The columns; a file whose records have no fields has the one column `value`."""
        if self._is_record:
            return pa.schema([kind.field(name) for name, kind in self.kind.parts.items()])
        return pa.schema([pa.field("value", self.kind.type)])

    def stretches(self) -> Iterator[Stretch]:
        """Yield the records in batches of a few megabytes."""
        batch = _Batch()
        sync: bytes = cast("Any", self._header)._header["sync"]  # noqa: SLF001 - the library has no other way to tell it
        for block in blocks_of(self._file, self.codec, sync):
            for records, size in self._decoded(block):
                batch.records += records
                batch.size += size
                if batch.is_full:
                    yield Stretch(self._rows(batch.records), (), len(batch.records))
                    batch = _Batch()
        yield Stretch(self._rows(batch.records), (), len(batch.records))

    def _decoded(self, block: Block) -> Iterator[tuple[list[Any], int]]:
        """Yield the records of a block, at once or in parts, and how many bytes each part takes."""
        most = MOST_WEIGHTLESS if self.kind.is_weightless and not block.data else len(block.data)
        if block.records > most:
            raise DamagedError(MISCOUNTED)
        if not block.records:
            return
        if len(block.data) > WHOLE_BYTES or block.records > MOST_ROWS:
            yield from self._in_parts(block)
            return
        content = BytesIO(
            _count(block.records) + block.data + b"\0"
        )  # decoded as what it is: an array without its count and end
        records = self._read_block(content, self._plain.many, None)
        if not isinstance(records, list) or len(records) != block.records or content.read(1):
            raise DamagedError(MISCOUNTED)
        yield records, block.size

    def _in_parts(self, block: Block) -> Iterator[tuple[list[Any], int]]:
        """Yield the records of a block by way of a window over its bytes, which moves on where the next ones are not all in it."""
        start, left, together = 0, block.records, TOGETHER
        window, done = BytesIO(block.data[:WHOLE_BYTES]), 0
        while left:
            records = self._some(window, min(together, left))
            if records is not None:
                yield records, window.tell() - done
                done, left = window.tell(), left - len(records)
            elif done:
                start += done
                window, done = BytesIO(block.data[start : start + WHOLE_BYTES]), 0
            elif together > 1:
                window.seek(0)
                together = 1
            else:
                raise DamagedError(f"a record is cut off, or longer than {WHOLE_BYTES // 1024**2} MB")
        if start + done != len(block.data):
            raise DamagedError(MISCOUNTED)

    def _some(self, window: BytesIO, wanted: int) -> list[Any] | None:
        """Return the next records, None where they are not all in the window."""
        try:
            if wanted == TOGETHER and self._plain.some is not None:
                return list(self._read_block(window, self._plain.some, None).values())
            return [self._read_block(window, self._plain.one, None)]
        except EOFError:
            return None

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


_STUMBLES = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ZlibError,
    pa.ArrowException,
)


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
