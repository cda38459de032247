"""One file read by a format, without a source around it; and rows brought through shape as a load would."""

import datetime as dt
import io
from pathlib import Path

import pyarrow as pa

from lakesmith.model.streams import TEXT_KEY
from lakesmith.shape import Shaper, TextProfile
from lakesmith.shape.policy import Policy
from lakesmith.sources.files import FileStreamOptions
from lakesmith.sources.files.formats import load_format
from lakesmith.sources.files.formats.base import Stretch, Tail
from lakesmith.sources.files.reading.tape import Tape


def read(content: bytes | Path, format_: str, name: str = "drop", **options: object) -> list[Stretch]:
    """Read all of a file and hold every stretch to its count."""
    content = content.read_bytes() if isinstance(content, Path) else content
    tail = Tail(name, io.BytesIO(content), FileStreamOptions(files="*", **options))
    stretches = list(load_format(format_).read(tail, Tape(io.BytesIO(content), len(content))))
    for one in stretches:
        assert one.counted in (None, one.rows.num_rows + len(one.rejects))
    return stretches


def look(content: bytes, format_: str, **options: object):
    return load_format(format_).look(io.BytesIO(content), FileStreamOptions(files="*", **options), "drop")


def table(stretches: list[Stretch]) -> pa.Table:
    """The rows of stretches that all have the same columns."""
    return pa.Table.from_batches([one.rows for one in stretches])


def rows(stretches: list[Stretch]) -> list[tuple]:
    return [tuple(row) for one in stretches for row in zip(*(c.to_pylist() for c in one.rows.columns), strict=True)]


def mixed(stretches: list[Stretch]) -> set[str]:
    """The columns whose type is not known."""
    return {field.name for one in stretches for field in one.rows.schema if TEXT_KEY in (field.metadata or {})}


def shaped(stretches: list[Stretch]) -> pa.Table:
    """The rows as bronze has them."""
    profile = TextProfile()
    for one in stretches:
        profile.observe(one.rows)
    shaper = Shaper(None, Policy(), profile.types())
    made = [shaper.shape(one.rows, str) for one in stretches]
    assert not any(one.rejects for one in made)
    return pa.concat_tables([pa.Table.from_batches([one.rows]) for one in made], promote_options="default")


def moment(*parts: int) -> dt.datetime:
    return dt.datetime(*parts)  # noqa: DTZ001 - as files have it: without a zone
