"""Each guard of a commit, on its own: any of the others may be the last one standing."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from lake_building import FaultyCatalog
from lake_loading import STREAM, WIDER, make_rows, open_batch, read_back, resume, without_system
from pyiceberg.types import StringType

from lakesmith.errors import FencedError
from lakesmith.host import Host
from lakesmith.lake import Lake


@pytest.mark.parametrize(
    ("columns", "kinds"),
    [
        (None, {"assert-table-uuid", "assert-ref-snapshot-id"}),
        (
            WIDER,
            {
                "assert-table-uuid",
                "assert-ref-snapshot-id",
                "assert-current-schema-id",
                "assert-last-assigned-field-id",
            },
        ),
    ],
)
def test_the_catalog_is_told_what_must_not_have_moved(lake, table, clock, columns, kinds):
    resume(table, 1)
    base = table.head().snapshot_id
    told = []

    def listen(real, args):
        told.extend(args[1])
        return real.commit_table(*args)

    catalog = FaultyCatalog(lake.open_catalog(), listen)
    loader = Lake(Path(lake.root), Host(clock=clock), catalog=lambda: catalog).table(STREAM)
    open_batch(loader, 1, *([columns] if columns else [])).commit()
    assert {requirement.type for requirement in told} == kinds
    heads = {one.ref: one.snapshot_id for one in told if one.type == "assert-ref-snapshot-id"}
    assert heads == {"main": base, "lakesmith_build": None}


def test_a_load_whose_base_was_rolled_back_is_fenced(lake, table, clock):
    resume(table, 1)
    first = table.head().snapshot_id
    resume(table, 2)
    clock.time = datetime.now(UTC)
    opened = open_batch(table, 2)
    lake.open_catalog().load_table((STREAM.source, STREAM.name)).manage_snapshots().rollback_to_snapshot(first).commit()
    with pytest.raises(FencedError, match="no longer built on the snapshot that the load started from"):
        opened.commit()
    assert without_system(read_back(lake)) == make_rows(0)


def test_a_field_id_that_somebody_else_took_meanwhile_fences(lake, table, clock):
    resume(table, 1)
    clock.time = datetime.now(UTC)
    opened = open_batch(table, 1, WIDER)
    with lake.open_catalog().load_table((STREAM.source, STREAM.name)).update_schema() as update:
        update.add_column("theirs", StringType())
    with pytest.raises(FencedError, match=r"was written with field id \d+, which it no longer has"):
        opened.commit()
    assert table.head().rows == 5
