"""Batches for the tests of `shape`, and hypothesis without deadlines: the first regular expression of a kind takes its time."""

import sys
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, settings

from lakesmith.model.streams import TEXT_KEY

sys.path.insert(0, str(Path(__file__).parent))

settings.register_profile("shape", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shape")


@pytest.fixture(scope="session")
def text_batch():
    """Return a function that makes a batch as a CSV reader sends it: text of unknown type."""

    def make(columns):
        fields = [pa.field(name, pa.string(), metadata={TEXT_KEY: b"1"}) for name in columns]
        arrays = [pa.array(values, pa.string()) for values in columns.values()]
        return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))

    return make
