"""Changes of shape on record, rename candidates among them, pinned schemas, and what `check` says about policies."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lakesmith.api.changing import Change, change
from lakesmith.errors import UsageError
from lakesmith.model.loads import Batch, Checkpoint, Counts, Head, Load
from lakesmith.model.shapes import Drift, Reshape
from lakesmith.model.streams import Finding, StreamId, StreamSpec
from lakesmith.project.pins import pin_path, write_pin
from lakesmith.run.renames import lines_naming
from lakesmith.run.scaffolding import rewrite
from lakesmith.run.workshop import Workshop

if TYPE_CHECKING:
    from datetime import datetime

    from lakesmith.dbt.scaffold import FileChange
    from lakesmith.model.types import Schema
    from lakesmith.monitor.reading import DriftRecord


@dataclass(frozen=True, slots=True)
class Candidate:
    """A column that may have been renamed: `old` stopped being sent when `new` came. `waits`: rows with `new` are in quarantine."""

    stream: StreamId
    old: str
    new: str
    seen_at: datetime
    waits: bool


@dataclass(frozen=True, slots=True)
class Accepted:
    """A rename that was made, or would be.

    `aside` is the sibling that keeps what came under the new name before, empty where nothing did. `named_in` lists lines of the
    project that name the old column; `scaffolded` what the scaffold wrote anew.
    """

    stream: StreamId
    old: str
    new: str
    aside: str
    named_in: tuple[str, ...]
    scaffolded: tuple[FileChange, ...] = ()
    snapshot_id: int | None = None


def candidates(shop: Workshop, records: Iterable[DriftRecord]) -> list[Candidate]:
    """Return the rename candidates that are still open: both columns are what they were when it was seen."""
    open_: dict[tuple[str, str, str], Candidate] = {}
    for record in records:
        if record.kind != "rename_candidate":
            continue
        stream = StreamId.parse(record.stream)
        head = shop.lake.table(stream).head()
        waits = record.outcome == "quarantined"
        known = head.schema.data.names if head else ()
        if record.before in known and (record.after in known) != waits:
            found = Candidate(stream, record.before, record.after, record.seen_at, waits)
            open_.setdefault((record.stream, record.before, record.after), found)
    return list(open_.values())


def need_head(shop: Workshop, stream: StreamId) -> Head:
    """Return what is known of a stream's table.

    Raises:
        UsageError: If it has never been loaded.
    """
    head = shop.lake.table(stream).head()
    if head is None:
        raise UsageError(
            f"{stream} has never been loaded, so its columns are not known.",
            where="lake",
            fix="run `lakesmith run` first",
        )
    return head


def pin(shop: Workshop, stream: StreamId, *, replace: bool) -> tuple[Path, bool]:
    """Write the table's schema down as the pinned one; return the file, and whether it changed.

    Raises:
        UsageError: If the stream has never been loaded, or another pin is there and `replace` is false.
        StorageUnavailableError: If the file cannot be written.
    """
    from lakesmith.host.files import storage_errors, write_atomically

    path = shop.paths.root / pin_path(stream)
    text = write_pin(stream, need_head(shop, stream).schema)
    with storage_errors(path):
        before = path.read_text("utf-8") if path.is_file() else None
    if before == text:
        return path, False
    if before is not None and not replace:
        raise UsageError(
            f"{pin_path(stream)} is there already, and says something else than the table.",
            where=pin_path(stream),
            fix="`lakesmith check` names the differences; edit the file, or write it anew with --replace",
        )
    write_atomically(path, text)
    return path, True


def accept(shop: Workshop, stream: StreamId, names: tuple[str, str], *, dry_run: bool) -> Accepted:
    """Make a rename true: one lake commit that moves no value, and the scaffold's models anew.

    Args:
        shop: The workshop.
        stream: The stream.
        names: The old and the new name, by bronze or by the source.
        dry_run: Only say what would be done.

    Raises:
        UsageError: If there is no such column, or the two cannot be one.
        RunInProgressError: If a run of this target is going on.
    """
    from lakesmith.shape.renaming import find_column, rename_column

    head = need_head(shop, stream)
    try:
        after = rename_column(head.schema, *names)
    except UsageError as error:
        error.where = f"stream {stream}"
        raise
    old = find_column(head.schema, names[0])
    by_id = {f.id: f.name for f in after}
    new = by_id[old.id] if old else names[1]
    there = head.schema.find(new)
    told = Accepted(stream, old.name if old else names[0], new, by_id[there.id] if there else "", ())
    snapshots: list[int] = []

    def work(known: int) -> Load:
        """Do it, on the table as it is once the lock is held."""
        load = _rename(shop, stream, names, (told, known))
        snapshots.extend(commit.snapshot_id for commit in load.commits)
        return load

    if not dry_run:
        change(shop, Change(stream, "drift accept"), work)
    scaffolded = () if dry_run else rewrite(shop, {spec.id for spec in shop.config.streams()})
    return Accepted(
        stream,
        told.old,
        new,
        told.aside,
        tuple(lines_naming(shop.paths.root, told.old, stream)),
        scaffolded,
        snapshots[0] if snapshots else None,
    )


def _rename(shop: Workshop, stream: StreamId, names: tuple[str, str], of: tuple[Accepted, int]) -> Load:
    """Commit nothing but the schema, at the same position, as a new generation: what was built under the old name is built anew."""
    from lakesmith.shape.renaming import rename_column

    told, known = of
    table, head = shop.lake.table(stream), need_head(shop, stream)
    opened = table.open_group(head, above=known)
    group = dataclasses.replace(opened, generation=opened.generation + 1)
    drift = (Drift("renamed", told.new, told.old, told.new, "accepted", "renamed"),)
    reshape = Reshape(head.schema.data, rename_column(head.schema, *names), drift)
    before = head.checkpoint
    position, open_splits = (before.position, before.open_splits) if before else (b"{}", ())
    checkpoint = Checkpoint(
        stream, position, group.ordinal, group.generation, before.config_hash if before else "", open_splits
    )
    commit = table.commit(group, Batch((), checkpoint, reshape, Counts()))
    load = Load(stream, "succeeded", drift=drift, resumed=True, base=head.snapshot_id)
    return load.with_commit(commit)


def policy_findings(shop: Workshop, source: str) -> Iterator[Finding]:
    """Yield what `check` says about the policies in force of a source's streams, and about pinned schemas."""
    for spec in shop.config.source(source).streams:
        columns = {name: said["on_drift"] for name, said in spec.columns.items() if said.get("on_drift")}
        others = ", ".join(f"{name} {rule}" for name, rule in columns.items())
        frozen = "freeze" in {spec.on_drift, *columns.values()}
        if spec.on_drift != "evolve" or columns or spec.pin is not None:
            text = f"on_drift is {spec.on_drift}" + (f"; {others}" if others else "")
            yield Finding("note", str(spec.id), text)
        head = shop.lake.table(spec.id).head()
        yield from _pin_findings(spec, head.schema if head else None, frozen=frozen)


def _pin_findings(spec: StreamSpec, schema: Schema | None, *, frozen: bool) -> Iterator[Finding]:
    from lakesmith.shape.pinning import differences

    if spec.pin is None:
        if frozen:
            text = f"has no pinned schema: {'the table as it is' if schema else 'what the first load brings'} counts for freeze"
            yield Finding("note", str(spec.id), text, f"`lakesmith drift pin {spec.id}` writes it down")
        return
    if not frozen:
        yield Finding(
            "warning",
            str(spec.id),
            f"{spec.pin.file} is not used: freeze is the policy of no column",
            "set `on_drift: freeze`, or delete the file",
        )
    elif schema is not None:
        for text in differences(schema, spec.pin):
            yield Finding("note", str(spec.id), f"{spec.pin.file}: {text}")
