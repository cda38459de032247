"""Our own reader of Avro agrees with the library that wrote the files."""

import pytest
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat, ManifestEntry, ManifestEntryStatus, write_manifest
from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC
from pyiceberg.schema import Schema
from pyiceberg.typedef import Record
from pyiceberg.types import LongType, NestedField

from lakesmith.testing.torture.avro import read_avro
from lakesmith.testing.torture.memory import NOON, MemoryFiles, MemoryStore


def manifest(codec):
    store = MemoryStore(lambda: NOON)
    schema = Schema(NestedField(1, "id", LongType(), required=False))
    with write_manifest(
        2, UNPARTITIONED_PARTITION_SPEC, schema, MemoryFiles(store).new_output("m.avro"), 7, codec
    ) as out:
        for number in range(300):
            file = DataFile.from_args(
                content=DataFileContent.DATA,
                file_path=f"{number}.parquet",
                file_format=FileFormat.PARQUET,
                partition=Record(),
                record_count=number,
                file_size_in_bytes=10**number if number < 18 else 5,
                spec_id=0,
                column_sizes={1: number},
                lower_bounds={1: b"\x00\xff"} if number % 2 else None,
            )
            out.add_entry(ManifestEntry.from_args(status=ManifestEntryStatus.ADDED, snapshot_id=7, data_file=file))
    return store.read("m.avro")


@pytest.mark.parametrize("codec", ["null", "deflate"])
def test_a_manifest_is_read_back(codec):
    entries = read_avro(manifest(codec))
    assert [entry["data_file"]["file_path"] for entry in entries] == [f"{number}.parquet" for number in range(300)]
    assert [entry["data_file"]["record_count"] for entry in entries] == list(range(300))
    assert entries[17]["data_file"]["file_size_in_bytes"] == 10**17
    assert entries[5]["data_file"]["column_sizes"] == [{"key": 1, "value": 5}]
    assert (entries[4]["data_file"]["lower_bounds"], entries[5]["data_file"]["lower_bounds"]) == (
        None,
        [{"key": 1, "value": b"\x00\xff"}],
    )
    assert {entry["status"] for entry in entries} == {1}


def test_damage_is_seen():
    content = manifest("deflate")
    with pytest.raises(ValueError, match="not an Avro file"):
        read_avro(b"PAR1" + content)
    with pytest.raises(Exception, match=r"ends|does not end|invalid|incomplete"):
        read_avro(content[:-20])
