"""Looks at tables as a careful reader would: is everything there that they name, is it as long as they say, do times go forward."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from lakesmith.errors import LakesmithError
from lakesmith.lake.metadata import Metadata
from lakesmith.lake.positions.checkpoints import CHECKPOINT, find_bearer
from lakesmith.lake.services import Services
from lakesmith.lake.upkeep.reach import Reach, find_content, find_reach, key
from lakesmith.model.streams import Finding, StreamId

SHOWN = 3
LOGS = ("snapshot-log", "metadata-log")


def check_table(services: Services, stream: StreamId) -> Iterator[Finding]:
    """Yield what is wrong with a table, or one finding that says what was looked at. Raises nothing of ours."""
    try:
        metadata = services.pointers.read(stream)
        if metadata is None:
            return
        if metadata.main_id is not None:
            find_bearer(metadata)
        faults = [*check_order(stream, metadata), *_check_sidecars(services, stream, metadata)]
        reach = find_reach(services, stream, metadata)
        faults += _check_objects(services, stream, metadata, reach)
    except LakesmithError as error:
        yield Finding("error", str(stream), error.what, error.fix)
        return
    yield from faults
    if not faults:
        snapshots, objects = len(metadata.snapshots()), len(reach.objects)
        yield Finding("ok", str(stream), f"{snapshots:,} snapshots, and the {objects:,} objects they name are there")


def check_order(stream: StreamId, metadata: Metadata) -> Iterator[Finding]:
    """Yield a finding for each log of a table whose times go back: other readers refuse such a table."""
    for log in LOGS:
        times = [int(entry["timestamp-ms"]) for entry in metadata.raw.get(log) or ()]
        if any(after < before for before, after in itertools.pairwise([*times, metadata.last_updated_ms])):
            yield Finding(
                "error",
                str(stream),
                f"the times in its {log} go back, and other engines refuse to read such a table",
                "set the clocks of all machines that write to it; the next 100 commits push the wrong times out of the log",
            )


def check_head(services: Services, stream: StreamId, metadata: Metadata) -> Iterator[Finding]:
    """Yield a finding if files of the newest snapshot are missing, or are not as long as it says.

    Raises:
        LakesmithError: If a list of files cannot be read.
    """
    if metadata.main_id is not None:
        reach = find_content(services, stream, metadata, metadata.main_id)
        yield from _check_objects(services, stream, metadata, reach)


def _check_objects(services: Services, stream: StreamId, metadata: Metadata, reach: Reach) -> Iterator[Finding]:
    layout = services.layout
    places = (
        layout.table(stream),
        layout.quarantine(stream),
        layout.sidecars(metadata.table_uuid),
        f"{layout.own}/claims/{metadata.table_uuid}",
    )
    there = {key(stored.path): stored.size_bytes for place in places for stored in services.store.list(place)}
    missing = sorted(path for name, (path, _) in reach.objects.items() if name not in there)
    wrong = sorted(
        path for name, (path, size) in reach.objects.items() if size is not None and there.get(name, size) != size
    )
    if missing:
        yield _fault(stream, "missing", missing)
    if wrong:
        yield _fault(stream, "not as long as the table says", wrong)


def _check_sidecars(services: Services, stream: StreamId, metadata: Metadata) -> Iterator[Finding]:
    for snapshot in metadata.snapshots().values():
        if CHECKPOINT in snapshot.summary:
            try:
                services.sidecars.read(snapshot.summary[CHECKPOINT])
            except (LakesmithError, ValueError) as error:
                what = error.what if isinstance(error, LakesmithError) else str(error)
                yield Finding(
                    "error",
                    str(stream),
                    f"the checkpoint of snapshot {snapshot.id}: {what}",
                    "restore the object from a backup",
                )


def _fault(stream: StreamId, what: str, paths: list[str]) -> Finding:
    named = ", ".join(paths[:SHOWN]) + (f" and {len(paths) - SHOWN:,} more" if len(paths) > SHOWN else "")
    noun = "object that it names is" if len(paths) == 1 else "objects that it names are"
    return Finding(
        "error",
        str(stream),
        f"{len(paths):,} {noun} {what}: {named}",
        "restore them from a backup, or roll the table back to a snapshot before them",
    )
