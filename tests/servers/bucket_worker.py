"""A process that loads into a lake of servers: told by JSON on its command line, killed by the environment."""

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "lake"))

from lake_loading import STREAM, SetClock, open_batch, resume

from lakesmith.errors import CommitUnknownError, FencedError, RetriableError
from lakesmith.host import Host
from lakesmith.lake import Lake
from lakesmith.lake.moving.move import move
from lakesmith.model.places import LakeAddress, Storage


def lake(told):
    storage = Storage.of(told["storage"])
    return Lake(LakeAddress(told["root"], told["catalog"], storage), Host(clock=SetClock()))


def race(told):
    """Commit batches that others want to commit over; say how often somebody was faster."""
    table, fenced = lake(told).table(STREAM), 0
    for number in told["numbers"]:
        while True:
            try:
                open_batch(table, number).commit()
                break
            except (FencedError, RetriableError, CommitUnknownError):
                fenced += 1
    sys.stdout.write(json.dumps({"fenced": fenced, "process": os.getpid()}))


def main():
    told = json.loads(sys.argv[1])
    if told["do"] == "race":
        race(told)
    elif told["do"] == "resume":
        resume(lake(told).table(STREAM), told["until"])
    elif told["do"] == "move":
        move(lake(told["from"]), lake(told["to"]))


if __name__ == "__main__":
    main()
