"""In how many parts a collection is read, and what a worker's process loads for it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from lakesmith.sources.mongodb.planning.plan import Sized

MB = 1 << 20


@pytest.mark.parametrize(
    ("documents", "size", "lanes", "parts"),
    [
        (1_000, 8 * MB, 2, 1),  # small: one cursor
        (100_000, 24 * MB, 2, 4),  # two for each process
        (100_000, 300 * MB, 2, 6),  # of 64 MB at most, as many for each process
        (100_000, 300 * MB, 8, 16),
        (3, 300 * MB, 2, 3),  # no part without a document
        (0, 0, 2, 1),
    ],
)
def test_each_process_has_as_many_parts(documents, size, lanes, parts):
    assert Sized(documents, size, is_ranged=True).count(64 * MB, lanes) == parts
    assert Sized(documents, size, is_ranged=False).count(64 * MB, lanes) == 1


def test_a_worker_loads_neither_pandas_nor_what_checks_options():
    program = (
        "import sys\n"
        "from lakesmith.sources.mongodb.reading import worker\n"
        "sys.meta_path.insert(0, worker._WithoutPandas())\n"
        "from lakesmith.sources.mongodb.decoding import Decoder\n"
        "import bson\n"
        "raw = bson.encode({'_id': 1, 'v': ['x', 'y']}) * 40\n"
        "assert Decoder().decode(raw).batches[0].num_rows == 40\n"
        "assert not {'pandas', 'pydantic'} & sys.modules.keys(), sorted(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
