"""Large checkpoints lie in the bucket, beside what Iceberg knows."""

import pytest
from lake_loading import STREAM, make_position, resume

from lakesmith.errors import CatalogBrokenError
from lakesmith.lake.catalogs.pointers import read_metadata
from lakesmith.lake.positions import sidecars
from lakesmith.lake.positions.checkpoints import name_sidecars


def test_large_checkpoints_are_written_named_and_missed(bucket_lake):
    table, store = bucket_lake.table(STREAM), bucket_lake.services.store
    resume(table, 3, files=200)
    sidecars._memory.base = sidecars._memory.checkpoint = None
    head = table.head()
    assert head.checkpoint.position == make_position(2, 200)
    named = name_sidecars(read_metadata(store, head.metadata_path), table.services.sidecars)
    listed = [stored.path for stored in store.list(table.services.layout.sidecars(head.table_uuid))]
    assert sorted(named) == sorted(listed)
    assert len(listed) == 3
    store.delete(next(path for path in listed if "/1-" in path))
    with pytest.raises(CatalogBrokenError, match="which is missing"):
        table.head()
