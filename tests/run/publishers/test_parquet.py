"""A published Parquet folder: replaced as a whole, and only what is ours."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from lakesmith.errors import PublishError, StorageUnavailableError
from lakesmith.model.plans import Dataset
from lakesmith.run.publishers.parquet import ParquetOptions, ParquetPublisher


def dataset(folder: Path, values: list[int]) -> Dataset:
    folder.mkdir(exist_ok=True)
    file = folder / f"{len(values)}.parquet"
    pq.write_table(pa.table({"id": pa.array(values, pa.int64())}), file)
    return Dataset("mart_a", "marts", (str(file),), len(values))


@pytest.mark.parametrize("compression", ["snappy", "zstd", "gzip", "none"])
def test_the_codec_is_the_one_asked_for(tmp_path, compression):
    out = tmp_path / "out"
    ParquetPublisher(ParquetOptions(compression=compression)).publish(dataset(tmp_path / "w", [1, 2]), str(out))
    said = pq.read_metadata(out / "part-0.parquet").row_group(0).column(0).compression
    assert said == {"none": "UNCOMPRESSED"}.get(compression, compression.upper())
    assert pq.read_table(out).to_pylist() == [{"id": 1}, {"id": 2}]


def test_a_set_without_rows_is_a_file_with_columns(tmp_path):
    out = tmp_path / "out"
    assert ParquetPublisher().publish(dataset(tmp_path / "w", []), str(out))[0] == 0
    assert pq.read_schema(out / "part-0.parquet").names == ["id"]


def test_publishing_again_replaces_our_files_and_leaves_others(tmp_path):
    out = tmp_path / "a [b]" / "out"
    ParquetPublisher().publish(dataset(tmp_path / "w", [1]), str(out))
    (out / "part-1.parquet").write_text("ours, from an older version")
    (out / "README.txt").write_text("theirs")
    ParquetPublisher().publish(dataset(tmp_path / "w", [1, 2]), str(out))
    once = (out / "part-0.parquet").read_bytes()
    ParquetPublisher().publish(dataset(tmp_path / "w", [1, 2]), str(out))
    assert (out / "part-0.parquet").read_bytes() == once
    assert sorted(path.name for path in out.iterdir()) == ["README.txt", "part-0.parquet"]
    assert [path.name for path in out.parent.iterdir()] == ["out"]


PUBLISH = """
import sys
from lakesmith.model.plans import Dataset
from lakesmith.run.publishers.parquet import ParquetPublisher
ParquetPublisher().publish(Dataset("mart_a", "marts", (sys.argv[1],), 0), sys.argv[2])
"""


@pytest.mark.parametrize(("point", "seen"), [("publish.written", 1), ("publish.moved", 2)])
def test_a_publisher_that_is_killed_leaves_the_old_file_or_the_new(tmp_path, point, seen):
    out = tmp_path / "out"
    ParquetPublisher().publish(dataset(tmp_path / "w", [1]), str(out))
    new = dataset(tmp_path / "w", [1, 2])
    command = [sys.executable, "-c", PUBLISH, new.files[0], str(out)]
    done = subprocess.run(command, env={**os.environ, "LAKESMITH_CRASH": point}, check=False)
    assert done.returncode == -signal.SIGKILL
    assert pq.read_table(out).num_rows == seen
    ParquetPublisher().publish(dataset(tmp_path / "w", [1, 2, 3]), str(out))
    assert pq.read_table(out).num_rows == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "w"]


def test_faults_name_the_place_and_leave_what_was_there(tmp_path):
    out = tmp_path / "out"
    good = dataset(tmp_path / "w", [1])
    ParquetPublisher().publish(good, str(out))
    with pytest.raises(PublishError, match=r"marts\.mart_a has no files yet"):
        ParquetPublisher().publish(Dataset("mart_a", "marts", (), 0), str(out))
    with pytest.raises(StorageUnavailableError, match="A file cannot be used"):
        ParquetPublisher().publish(Dataset("mart_a", "marts", (str(tmp_path / "gone.parquet"),), 0), str(out))
    broken = tmp_path / "broken.parquet"
    broken.write_text("not Parquet")
    with pytest.raises(PublishError, match="cannot be written as Parquet: ArrowInvalid"):
        ParquetPublisher().publish(Dataset("mart_a", "marts", (str(broken),), 0), str(out))
    assert pq.read_table(out).to_pylist() == [{"id": 1}]
    assert not list(tmp_path.glob(".*"))


def test_unknown_options_are_refused():
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        ParquetOptions(codec="snappy")
