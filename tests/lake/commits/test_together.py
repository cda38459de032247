"""Many streams at once, and many misfortunes in a row."""

import contextlib
import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from lake_loading import (
    COLUMNS,
    ROWS,
    STREAM,
    make_rows,
    next_number,
    open_batch,
    open_lake,
    read_back,
    resume,
    stage,
    without_system,
)
from test_outcomes import FaultyCatalog, lost, lost_reply, refused_after_landing

from lakesmith.errors import FencedError, StorageUnavailableError
from lakesmith.host import Host
from lakesmith.lake import Lake
from lakesmith.model.streams import StreamId


def test_streams_load_side_by_side(lake):
    streams = [StreamId("app", f"s{number}") for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda stream: resume(lake.table(stream), 3), streams))
    assert lake.streams() == streams
    for stream in streams:
        assert without_system(read_back(lake, stream)) == [row for number in range(3) for row in make_rows(number)]


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2))
def test_a_long_row_of_misfortunes_loses_and_doubles_nothing(lake, clock, seed):
    chance = random.Random(seed)
    zombies = []
    for _ in range(25):
        faults = chance.choices([lost, lost_reply, refused_after_landing], k=chance.randrange(4))
        catalog = FaultyCatalog(lake.open_catalog(), *faults)
        loader = Lake(Path(lake.root), Host(clock=clock), catalog=lambda catalog=catalog: catalog).table(STREAM)
        clock.time += timedelta(minutes=chance.uniform(-1, 2))
        number = next_number(loader)
        head = loader.head()
        match chance.randrange(4):
            case 0:
                stage(loader, head, loader.open_group(head), number)  # and then it dies
            case 1:
                zombies.append(open_batch(loader, number))
            case _:
                commit_if_it_can(open_batch(loader, number))
        if zombies and chance.random() < 0.3:
            commit_if_it_can(zombies.pop(0))
    table = open_lake(Path(lake.root), Host(clock=clock)).table(STREAM)
    loaded = next_number(table)
    assert loaded > 5
    assert without_system(read_back(lake)) == [row for number in range(loaded) for row in make_rows(number)]
    assert table.head().rows == ROWS * loaded
    assert [commit.checkpoint.ordinal for commit in table.history()] == list(range(loaded, 0, -1))
    assert table.head().schema.data.names == COLUMNS.names


def commit_if_it_can(opened):
    with contextlib.suppress(FencedError, StorageUnavailableError):
        opened.commit()
