"""Damage that is said, and a bucket's line that fails as it is told."""

import random

import pytest

from lakesmith.testing.torture import bucket
from lakesmith.testing.torture.crew import work
from lakesmith.testing.torture.laws import BrokenError
from lakesmith.testing.torture.ordeals import CsvLoads, compare
from lakesmith.testing.torture.run_store import STORE, damage


def test_damage_is_done_in_four_ways(tmp_path):
    store = tmp_path / STORE
    store.parent.mkdir()
    done = []
    for number in range(4):
        store.write_bytes(bytes(range(1, 201)))
        done.append(damage(tmp_path, number, random.Random(number)).partition(" at ")[0])
        assert store.read_bytes() != bytes(range(1, 201))
    assert done == ["cut off", "bit flipped", "zeros to the end", "emptied"]


@pytest.mark.long
@pytest.mark.skipif(not bucket.may_serve(), reason="no S3 server is installed")
@pytest.mark.slow
def test_a_line_fails_for_its_share_of_requests(tmp_path):
    with bucket.serve(tmp_path) as port:
        with bucket.flaky(port, 0.0, 1, tmp_path) as line, pytest.raises(KeyError, match="nothing"):
            bucket.fetch(line, f"s3://{bucket.BUCKET}/nothing")
        broken = pytest.raises((KeyError, OSError), match=r"nothing|closed|reset")
        with bucket.flaky(port, 1.0, 1, tmp_path) as line, broken:
            bucket.fetch(line, f"s3://{bucket.BUCKET}/nothing")


def test_workers_do_every_task_once():
    told = list(work(list(range(30)), lambda task, worker: {"task": task, "worker": worker}, workers=3))
    assert sorted(one["task"] for one in told) == list(range(30))
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        list(work([1], lambda _task, _worker: {"never": 1 // 0}))


def test_the_truth_of_the_files_is_read_without_the_product(tmp_path):
    loads = CsvLoads("append")
    (tmp_path / "data").mkdir()
    loads._write(tmp_path, "a.csv", 3)
    loads._note(tmp_path)
    rows, rejects = loads._truth(tmp_path)
    assert rows.total() == loads.rows - 1
    assert list(rejects) == ["3,too short a.csv"]
    assert '{"id": "306", "name": "n, 6", "note": "xxxxxx", "price": "6.65"}' in rows
    compare("rows", rows, rows)
    with pytest.raises(BrokenError, match="lost: 1 rejects"):
        compare("rejects", rejects, rows - rows)
    with pytest.raises(BrokenError, match="doubled: 6 rows too many"):
        compare("rows", rows, rows + rows)
