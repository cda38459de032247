"""What makes commits quick changes nothing about them: the same metadata as PyIceberg's, refused whenever the table has moved."""

from datetime import UTC, datetime, timedelta

import pytest
from lake_building import assert_holds, open_aside, over
from lake_loading import STREAM, WIDER, open_batch, resume
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.table.update import SetPropertiesUpdate, update_table_metadata

from lakesmith.lake.catalogs.quick import apply_updates
from lakesmith.lake.commits.expiry import KEEP_PROPERTY


def compared(told):
    """Return a fault that is none: it compares what both make of a commit, and lets it through."""

    def compare(real, args):
        table, _, updates = args
        if table.metadata_location:
            ours = apply_updates(table.metadata, updates, table.metadata_location)
            theirs = update_table_metadata(table.metadata, updates, metadata_location=table.metadata_location)
            assert ours.model_dump() == theirs.model_dump()
            told.extend(update.action for update in updates)
        return real.commit_table(*args)

    return compare


def test_every_kind_of_commit_leaves_the_metadata_that_pyiceberg_makes(lake, table, clock):
    resume(table, 1)
    clock.time = datetime.now(UTC)
    with lake.open_catalog().load_table((STREAM.source, STREAM.name)).transaction() as transaction:
        transaction.set_properties({KEEP_PROPERTY: "2"})
    told = []
    loader = over(lake, *[compared(told)] * 9)
    loader.services.host.clock.time = clock.time
    resume(loader, 3)
    open_batch(loader, 3, WIDER).commit()
    for number in (7, 8, 9):
        open_aside(loader, number, fresh=number != 8, columns=WIDER).commit()
    loader.swap(loader.head())
    loader.rollback(loader.history()[-1].snapshot_id)
    assert set(told) == {
        "add-schema",
        "set-current-schema",
        "add-snapshot",
        "set-snapshot-ref",
        "remove-snapshots",
        "remove-snapshot-ref",
        "set-properties",
    }


def test_a_table_that_moved_is_refused_even_if_every_requirement_holds(lake, table):
    resume(table, 1)
    catalog = lake.open_catalog()
    before = catalog.load_table((STREAM.source, STREAM.name))
    resume(table, 2)
    with pytest.raises(CommitFailedException, match="has changed since"):
        catalog.commit_table(before, (), (SetPropertiesUpdate(updates={"a": "b"}),))
    assert_holds(lake, 0, 1)


def test_a_change_without_a_snapshot_bears_a_later_time_too(lake, table, clock):
    clock.time += timedelta(days=3650)
    resume(table, 1)
    iceberg = lake.open_catalog().load_table((STREAM.source, STREAM.name))
    lake.open_catalog().commit_table(iceberg, (), (SetPropertiesUpdate(updates={"a": "b"}),))
    after = lake.open_catalog().load_table((STREAM.source, STREAM.name)).metadata
    assert after.last_updated_ms == iceberg.metadata.last_updated_ms + 1
