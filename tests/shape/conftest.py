"""Batches for the tests of `shape`."""

import sys
from pathlib import Path

import pyarrow as pa
import pytest

from lakesmith.model.streams import TEXT_KEY

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def text_batch():
    """Return a function that makes a batch as a CSV reader sends it: text of unknown type."""

    def make(columns):
        fields = [pa.field(name, pa.string(), metadata={TEXT_KEY: b"1"}) for name in columns]
        arrays = [pa.array(values, pa.string()) for values in columns.values()]
        return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))

    return make
