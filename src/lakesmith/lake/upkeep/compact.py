"""Many small files of a table made into few, proven equal, and committed without disturbing anybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pyarrow as pa

from lakesmith.errors import RowLawError
from lakesmith.host import crash
from lakesmith.lake import iceberg
from lakesmith.lake.commits.sending import Sender
from lakesmith.lake.metadata import Metadata
from lakesmith.lake.services import Services
from lakesmith.lake.staging.statistics import describe_file
from lakesmith.lake.upkeep import points
from lakesmith.lake.upkeep.guards import YOUNG
from lakesmith.lake.upkeep.planning import Piece, Rules, choose
from lakesmith.lake.upkeep.proving import examine
from lakesmith.lake.upkeep.replacing import FilesGoneError, Replacement, list_pieces
from lakesmith.lake.upkeep.rewriting import Bounds, OutOfOrderError, rewrite
from lakesmith.model.loads import StagedFile, Upkeep
from lakesmith.model.streams import StreamId
from lakesmith.model.types import Schema

if TYPE_CHECKING:
    from pyiceberg.manifest import DataFile
    from pyiceberg.table import Table


SENT_WITHIN = YOUNG - timedelta(days=1)
"""A compaction that takes longer, because its program slept, gives up: new files this old are litter to the collector."""


@dataclass(frozen=True, slots=True)
class _Rewritten:
    """A group of files and what was written instead."""

    old: tuple[Piece, ...]
    new: tuple[StagedFile, ...]


def compact(services: Services, stream: StreamId, metadata: Metadata, rules: Rules) -> Upkeep | None:
    """Make neighbouring small files of a table into fewer; None if there is nothing to gain, or the files went meanwhile.

    The new files hold the same rows under today's schema, which is proven before they are committed. The commit is a `replace`: it asks
    that the files it rewrote are still there and nothing else, so loads that land meanwhile do not matter to it.

    Args:
        services: The lake's.
        stream: Whose table.
        metadata: Its newest metadata.
        rules: What is small.

    Raises:
        RowLawError: If the new files do not hold what the old ones do; nothing was committed.
        ForeignCommitError: If something that is not Lakesmith changed the table's rows.
        CatalogLockedError: If the catalog stayed locked; nothing landed.
        StorageFullError: If the disk is full; nothing landed.
        StorageUnavailableError: If a file or the catalog cannot be read or written; nothing landed.
        CommitUnknownError: If there was no answer and the catalog cannot be read to find out. Either way no row is lost.
    """
    table = iceberg.load(services.catalog(), stream, metadata)
    groups = choose(list_pieces(table, metadata), rules)
    if not groups:
        return None
    crash.point(points.COMPACT_BEGUN)
    until = services.store.now() + SENT_WITHIN
    ticket = services.host.ids.ticket()
    prefix = f"{services.layout.data(stream)}/upkeep-{ticket}"
    schema = metadata.schema()
    rewritten = _rewrite_all(services, groups, schema, prefix=prefix, rules=rules)
    if not rewritten:
        return None
    crash.point(points.COMPACT_WRITTEN)
    for group in rewritten:
        prove(services, group.old, group.new, schema)
    crash.point(points.COMPACT_PROVEN)
    if services.store.now() > until:
        return None  # this program slept for days: the collector may have taken what was written here for litter
    files = _files(services, table, rewritten, schema)
    replacement = Replacement(stream, metadata.table_uuid, ticket, *files, services=services, until=until)
    try:
        snapshot_id = Sender(services, services.catalog()).send(replacement)
    except FilesGoneError:
        return None  # rolled back, swapped or compacted by somebody else, or this program slept for days; what was written here is seen by nobody
    return _report(snapshot_id, rewritten)


def _rewrite_all(
    services: Services, groups: Sequence[tuple[Piece, ...]], schema: Schema, *, prefix: str, rules: Rules
) -> list[_Rewritten]:
    done = []
    for number, group in enumerate(groups):
        try:
            bounds = Bounds(rules.target_bytes)
            files = rewrite(services.store, group, schema, prefix=f"{prefix}-{number:03d}", bounds=bounds)
        except (OutOfOrderError, ValueError, pa.ArrowException):
            continue  # files whose rows are not in order, or that another tool wrote in its own way, stay as they are
        if len(files) < len(group):
            done.append(_Rewritten(group, tuple(files)))
    return done


def prove(services: Services, old: Sequence[Piece], new: Sequence[StagedFile], schema: Schema) -> None:
    """Check that new files hold exactly the rows of the old ones.

    Raises:
        RowLawError: If they do not.
    """
    sets = [piece.path for piece in old], [file.path for file in new]
    before, after = examine(services.store, sets, schema)
    claimed = sum(piece.rows for piece in old), sum(file.rows for file in new)
    if before == after and claimed == (before.rows, before.rows):
        return
    raise RowLawError(
        f"Compaction did not keep the content: {before.rows:,} rows became {after.rows:,}, or values changed. Nothing was committed.",
        where=new[0].path if new else old[0].path,
        fix="report it with the log; the table is as it was, and loads go on",
    )


def _files(
    services: Services, table: Table, rewritten: Sequence[_Rewritten], schema: Schema
) -> tuple[tuple[DataFile, ...], tuple[DataFile, ...]]:
    """Return the manifest entries of the files that go and of those that come."""
    written_with = iceberg.to_iceberg(schema, 0)
    fresh = (
        describe_file(services.store, file, written_with, table.metadata.properties)
        for group in rewritten
        for file in group.new
    )
    return tuple(piece.file for group in rewritten for piece in group.old), tuple(fresh)


def _report(snapshot_id: int, rewritten: Sequence[_Rewritten]) -> Upkeep:
    return Upkeep(
        snapshot_id=snapshot_id,
        files_before=sum(len(group.old) for group in rewritten),
        files_after=sum(len(group.new) for group in rewritten),
        rows=sum(piece.rows for group in rewritten for piece in group.old),
    )
