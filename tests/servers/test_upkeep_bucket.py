"""Compaction and collector in a bucket."""

import time
from dataclasses import replace
from datetime import timedelta

import pytest
from lake_loading import STREAM, WIDER, make_rows, open_batch, read_back, without_system

from lakesmith.lake.upkeep import leases, tend
from lakesmith.lake.upkeep.checking import check_table
from lakesmith.lake.upkeep.collect import collect
from lakesmith.lake.upkeep.planning import Rules


class Later:
    """A store some days on: what it holds is older by then."""

    def __init__(self, real, days):
        self._real, self._days = real, days

    def __getattr__(self, name):
        return getattr(self._real, name)

    def now(self):
        return self._real.now() + timedelta(days=self._days)


@pytest.mark.long
def test_upkeep_in_a_bucket(bucket_lake):
    table = bucket_lake.table(STREAM)
    orphan = f"{table.services.layout.data(STREAM)}/00000001-0000000000-0123456789abcdef-00000.parquet"
    table.services.store.write(orphan, b"half")  # of a load that was killed
    time.sleep(1.1)  # a bucket's times are whole seconds
    for number in range(4):
        open_batch(table, number, **({"columns": WIDER} if number > 1 else {})).commit()
    before = read_back(bucket_lake)
    services = table.services
    leases.hold(services, "dev", {STREAM: table.head().snapshot_id})
    assert leases.leased(services, STREAM) == {table.head().snapshot_id}
    done = tend(table, Rules(due_files=4))
    assert (done.files_before, done.files_after) == (4, 1)
    assert read_back(bucket_lake) == before
    for days in (5, 7):
        [found, _] = collect(replace(services, store=Later(services.store, days)), [STREAM], delete=True)
        assert found.problem is None
        assert [one.stored.path for one in found.litter] == [orphan]
    assert services.store.size(orphan) is None
    assert read_back(bucket_lake) == before
    assert [finding.level for finding in check_table(services, STREAM)] == ["ok"]
    assert without_system(before)[:5] == [
        {**row, "extra": None, "address": row["address"] and {**row["address"], "zip": None}} for row in make_rows(0)
    ]
