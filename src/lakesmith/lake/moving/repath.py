"""A table's metadata with the paths of another place: nothing but paths, and the lengths of the files that hold them, changes."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from pyiceberg.avro.file import AvroFile, AvroOutputFile
from pyiceberg.io import InputFile, InputStream, OutputFile, OutputStream
from pyiceberg.schema import Schema
from pyiceberg.typedef import Record
from pyiceberg.types import StructType

from lakesmith.lake.catalogs.pointers import MOVED

MANIFEST_PATH, MANIFEST_LENGTH = 500, 501
STATUS, DELETED = 0, 2
DATA_FILE, FILE_PATH, RECORD_COUNT, FILE_SIZE = 2, 100, 103, 104
SYNC_BYTES = 16
Repath = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Rows:
    """The records of one Avro file as it spells them."""

    schema: Schema
    header: dict[str, str]
    records: tuple[Record, ...]

    def at(self, field_id: int, within: Schema | None = None) -> int:
        """Return the place of a field in a record."""
        fields = (within or self.schema).fields
        return next(place for place, field in enumerate(fields) if field.field_id == field_id)


def read_rows(content: bytes) -> Rows:
    """Return the records of a manifest or a manifest list."""
    with AvroFile[Record](_Memory(content)) as reader:
        header = {key: value for key, value in reader.header.meta.items() if key != "avro.schema"}
        return Rows(reader.schema, header, tuple(reader))


def write_rows(rows: Rows, name: str) -> bytes:
    """Return the file that holds the records; the same records give the same bytes."""
    out = _Memory(b"")
    writer = AvroOutputFile[Record](out, rows.schema, name, metadata=rows.header)
    writer.sync_bytes = hashlib.sha256(repr(rows.records).encode()).digest()[:SYNC_BYTES]
    with writer:
        writer.write_block(list(rows.records))
    return out.content


def data_paths(manifest: Rows) -> list[tuple[str, int, int]]:
    """Return path, records and bytes of every data file that a manifest names as there."""
    status = manifest.at(STATUS)
    place = manifest.at(DATA_FILE)
    inner = _inner(manifest)
    at = [manifest.at(field_id, inner) for field_id in (FILE_PATH, RECORD_COUNT, FILE_SIZE)]
    return [tuple(record[place][index] for index in at) for record in manifest.records if record[status] != DELETED]


def repath_manifest(manifest: Rows, repath: Repath) -> Rows:
    """Return a manifest whose data files lie elsewhere."""
    place = manifest.at(DATA_FILE)
    path = manifest.at(FILE_PATH, _inner(manifest))
    records = tuple(
        _with(record, place, _with(record[place], path, repath(record[place][path]))) for record in manifest.records
    )
    return Rows(manifest.schema, manifest.header, records)


def manifests_of(listing: Rows) -> list[str]:
    """Return the paths of the manifests in a list."""
    return [record[listing.at(MANIFEST_PATH)] for record in listing.records]


def repath_list(listing: Rows, written: dict[str, tuple[str, int]]) -> Rows:
    """Return a manifest list whose manifests are those in `written`: by old path the new path and its length."""
    path, length = listing.at(MANIFEST_PATH), listing.at(MANIFEST_LENGTH)
    records = []
    for record in listing.records:
        new_path, new_length = written[record[path]]
        records.append(_with(_with(record, path, new_path), length, new_length))
    return Rows(listing.schema, listing.header, tuple(records))


def repath_metadata(raw: dict[str, Any], repath: Repath, lists: dict[str, str]) -> dict[str, Any]:
    """Return a table's metadata at its new place. Older metadata files stay behind: they name the old one.

    Args:
        raw: The metadata.
        repath: Gives the new path of the table's folder and of its data.
        lists: The new path of every manifest list, by the old one.
    """
    snapshots = [
        {**snapshot, "manifest-list": lists[snapshot["manifest-list"]]} for snapshot in raw.get("snapshots", ())
    ]
    properties = {key: value for key, value in raw.get("properties", {}).items() if key != MOVED}
    changed = {
        "location": repath(raw["location"]),
        "snapshots": snapshots,
        "properties": properties,
        "metadata-log": [],
    }
    optional = ("statistics", "partition-statistics")  # of other tools, which make them anew
    return {key: value for key, value in raw.items() if key not in optional} | changed


def _inner(manifest: Rows) -> Schema:
    """Return the fields of a data file in the entries of a manifest."""
    kind = manifest.schema.fields[manifest.at(DATA_FILE)].field_type
    return Schema(*cast("StructType", kind).fields)


def _with(record: Record, place: int, value: Any) -> Record:
    values = [record[index] for index in range(len(record))]
    values[place] = value
    return Record(*values)


class _Memory(InputFile, OutputFile):
    """A file that is only bytes."""

    def __init__(self, content: bytes) -> None:
        super().__init__("memory")
        self.content = content

    def __len__(self) -> int:
        return len(self.content)

    def exists(self) -> bool:
        return True

    def open(self, seekable: bool = True) -> InputStream:  # noqa: ARG002, FBT001, FBT002 - PyIceberg's signature
        return io.BytesIO(self.content)

    def to_input_file(self) -> InputFile:
        return self

    def create(self, overwrite: bool = False) -> OutputStream:  # noqa: ARG002, FBT001, FBT002 - PyIceberg's signature
        return _Kept(self)


class _Kept(io.BytesIO):
    """What was written is handed over when it is closed."""

    def __init__(self, file: _Memory) -> None:
        super().__init__()
        self._file = file

    def close(self) -> None:
        if not self.closed:
            self._file.content = self.getvalue()
        super().close()
