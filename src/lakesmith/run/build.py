"""Bronze attached, dbt run once, tested marts swapped in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lakesmith.errors import LakesmithError, TransformError
from lakesmith.model.events import CheckFinished, ModelFinished, StepProgress
from lakesmith.model.plans import Dataset
from lakesmith.model.streams import StreamId
from lakesmith.run import watching
from lakesmith.run.continuity import built_from, forget_below, must_begin_anew, risen
from lakesmith.run.preparing import prepare, request
from lakesmith.run.sampling import SAMPLE, sample_of, sampled
from lakesmith.run.selecting import datasets_of
from lakesmith.run.workshop import Order, Workshop

Tell = Callable[[Any], None]
NAMED_TESTS = 3


@dataclass(frozen=True, slots=True)
class Attached:
    """What dbt will read, by stream: the snapshot of each table, and the generation it has at least."""

    bronze: dict[str, int | None] = field(default_factory=dict)
    generations: dict[str, int] = field(default_factory=dict)
    existing: dict[str, str | None] = field(default_factory=dict)
    """The tables that others load, as they were seen; see `watching.marks_of`."""
    notes: tuple[str, ...] = ()
    """What the engine could not make readable as it is."""


@dataclass(slots=True)
class Built:
    """How a build went. `state`: succeeded, warned, failed or stopped; `bad` are relations that must not be swapped in."""

    state: str
    models: int = 0
    checks: dict[str, int] = field(default_factory=dict)
    bad: set[str] = field(default_factory=set)
    good: set[str] = field(default_factory=set)
    failing: dict[str, int] = field(default_factory=dict)
    """Tests that failed, by dbt's id, with how many rows each found."""
    errors: Sequence[LakesmithError] = ()
    attached: Attached = field(default_factory=Attached)
    """What was read: another target may load into the same lake while this one builds."""


def attach(shop: Workshop) -> Attached:
    """Make bronze readable for dbt; return what dbt will read."""
    from lakesmith.lake.upkeep.leases import holding, name_holder

    streams = shop.lake.streams()
    heads = {
        str(stream): shop.lake.table(stream).head() for stream in streams
    }  # first: a swap meanwhile must be noticed later
    tables = [table for table in (shop.lake.table(stream).snapshot() for stream in streams) if table is not None]
    snapshots = {table.stream: table.snapshot_id for table in tables if table.snapshot_id is not None}
    with holding(shop.lake.services, name_holder(shop.target.name, str(shop.paths.build)), snapshots):
        notes = tuple(shop.engine.attach(sampled(shop, tables)) or ())
        watching.attach(shop)
    generations = {name: head.checkpoint.generation for name, head in heads.items() if head and head.checkpoint}
    return Attached({str(table.stream): table.snapshot_id for table in tables}, generations, notes=notes)


def build(
    shop: Workshop, order: Order, failed: Sequence[StreamId], attached: Attached, run_id: str, tell: Tell
) -> Built:
    """Run `dbt build` once; models below a stream that failed keep their last good version.

    Raises:
        TransformError: If dbt ends before it comes to the models.
    """
    from lakesmith.dbt.driver import DbtFinished, NodeStarted, run_dbt

    prepare(shop)
    left_out = tuple(f"source:{stream}+" for stream in failed)
    manifest = shop.engine.read_manifest()
    if must_begin_anew(shop, manifest):
        order = replace(order, full_refresh=True)
    elif streams := risen(manifest, attached.generations):
        forget_below(shop, order, streams, left_out)
    built = Built("failed", attached=attached)
    for event in run_dbt(request(shop, order=order, left_out=left_out, run_id=run_id), shop.host):
        if isinstance(event, ModelFinished):
            tell(event)
            built.models += 1
            (built.good if event.status == "success" else built.bad).add(event.relation)
        elif isinstance(event, CheckFinished):
            tell(event)
            built.checks[event.status] = built.checks.get(event.status, 0) + 1
            if event.status in ("fail", "error"):
                built.failing[event.check_id] = event.failures
                built.bad |= {event.relation} if event.relation else _guarded(shop, event.check_id)
        elif isinstance(event, NodeStarted):
            tell(StepProgress(run_id, "build", event.index, event.index, event.total, event.name))
        elif isinstance(event, DbtFinished):
            built.state, built.errors = event.state, event.errors
    return built


def _guarded(shop: Workshop, check_id: str) -> set[str]:
    """Return the relations that a test of its own looks at: such a test is attached to none, and guards them all."""
    from lakesmith.dbt.artifacts import read_manifest

    nodes = read_manifest(shop.paths.dbt_target).nodes
    parents = nodes[check_id].depends_on if check_id in nodes else ()
    return {nodes[parent].relation for parent in parents if parent in nodes}


def swap(shop: Workshop, built: Built, models: str, *, whole: bool) -> Sequence[Dataset]:
    """Make the tested marts what readers open; those that failed keep their last good version.

    Args:
        shop: The workshop.
        built: How the build went.
        models: The fingerprint of the models that were built.
        whole: Whether all of the project was built, so that nothing is due until something changes.

    Raises:
        TransformError: If a relation is missing.
        StorageFullError: If the disk is full.
    """
    from lakesmith.dbt.artifacts import read_manifest

    wanted = datasets_of(read_manifest(shop.paths.dbt_target))
    fresh = [dataset for dataset in wanted if dataset.relation in built.good - built.bad]
    stamped = [_stamped(dataset, shop) for dataset in fresh]
    complete = whole and built.state in ("succeeded", "warned")
    inputs = {
        "models": models,
        "bronze": built.attached.bronze,
        "complete": complete,
        SAMPLE: sample_of(shop),
        watching.EXISTING: built.attached.existing,
        **built_from(shop, built.attached, complete=complete),
    }
    keep = {dataset.relation for dataset in wanted}
    swapped: Sequence[Dataset] = shop.engine.swap(stamped, inputs, keep=keep)
    return swapped


def _stamped(dataset: Dataset, shop: Workshop) -> Dataset:
    return replace(dataset, built_at=f"{shop.host.clock.now():%Y-%m-%dT%H:%M:%SZ}")


def failure(built: Built) -> TransformError | None:
    """Return one error that says how a build failed; None if it did not."""
    if built.state != "failed":
        return None
    if built.errors:
        first = built.errors[0]
        more = f" ({len(built.errors) - 1} more like it, see `lakesmith logs`)" if len(built.errors) > 1 else ""
        return TransformError(first.what + more, where=first.where, fix=first.fix)
    tests = [(check_id.split(".")[2], rows) for check_id, rows in built.failing.items()]
    named = ", ".join(f"{name} ({rows:,} {'row' if rows == 1 else 'rows'})" for name, rows in tests[:NAMED_TESTS])
    more = f" and {len(tests) - NAMED_TESTS} more" if len(tests) > NAMED_TESTS else ""
    return TransformError(
        f"{len(tests)} {'test' if len(tests) == 1 else 'tests'} failed: {named}{more}. "
        "What they guard, and what is built on it, keeps its last good version for readers.",
        where=", ".join(sorted(relation for relation in built.bad if relation)),
        fix=f"`lakesmith dbt show --select {tests[0][0]}` shows the rows, `lakesmith logs` all tests" if tests else "",
    )
