"""Carries a plan out. One failure does not stop its siblings; what depends on it keeps its last good version."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any

from lakesmith.errors import FatalError, FencedError, LakesmithError
from lakesmith.host.collecting import collector_paused
from lakesmith.host.measuring import Effort, Gauge
from lakesmith.host.secrets import Secrets
from lakesmith.host.stop import StopRequestedError
from lakesmith.lake.contents.chronicle import versions_of
from lakesmith.model import events
from lakesmith.model.loads import Load
from lakesmith.model.plans import Dataset, Plan, Step
from lakesmith.model.protocols import ReadsAhead, Recorder
from lakesmith.model.streams import StreamId
from lakesmith.model.watching import Glance
from lakesmith.run import build as building
from lakesmith.run import publications, watching
from lakesmith.run.continuity import stays_complete
from lakesmith.run.jobs import job_of
from lakesmith.run.load import LoadJob, load_stream
from lakesmith.run.metering import columns_of
from lakesmith.run.plan import TO_LOOK, WHEN_FRESH
from lakesmith.run.renames import follow, is_rename
from lakesmith.run.scaffolding import catch_up
from lakesmith.run.selecting import published_by, remember_parsed
from lakesmith.run.survey import Survey
from lakesmith.run.telling import error_seen
from lakesmith.run.workshop import Order, Workshop

HEAVY = (
    "pyarrow.csv",
    "pyarrow.parquet",
    "pyiceberg.catalog.sql",
    "pyiceberg.table",
    "lakesmith.lake.commits.load",
    "lakesmith.lake.staging.stage",
    "lakesmith.shape.shaper",
)
WENT_WELL = ("succeeded", "warned")
NOTHING = Effort(None, None)
"""What nobody measured."""


@dataclass(slots=True)
class Outcome:
    """What a run did. `state`: succeeded, warned, failed, stopped or nothing_new; `glances` is how it saw the tables of others."""

    state: str = "nothing_new"
    steps: dict[str, str] = field(default_factory=dict)
    loads: list[Load] = field(default_factory=list)
    errors: list[tuple[str, LakesmithError]] = field(default_factory=list)
    attached: building.Attached = field(default_factory=building.Attached)
    built: building.Built | None = None
    models: str = ""
    """The fingerprint of the models as they were built, where that is another one than at the survey."""
    datasets: Sequence[Dataset] = ()
    published: dict[str, int] = field(default_factory=dict)
    glances: dict[StreamId, Glance] = field(default_factory=dict)

    @property
    def missed(self) -> str:
        """Which tables of others were not fresh, so that models kept their last good version, and why; empty if none."""
        return watching.sentence(self.glances.values())


@dataclass(frozen=True, slots=True)
class Execution:
    """One run in progress."""

    shop: Workshop
    order: Order
    survey: Survey
    run_id: str
    recorder: Recorder
    outcome: Outcome = field(default_factory=Outcome)
    ordinals: Mapping[str, int] = field(default_factory=dict)

    def run(self, plan: Plan) -> Outcome:
        """Execute every step of `plan`, then say how it went. A wish to stop ends it at the next safe point."""
        for stream, error in self.survey.faults.items():
            self._fault(f"load:{stream}", "load", error)
        self._take_note(self.survey.glances)
        first = next((step for step in plan if step.kind == "load"), None)
        if first is not None:
            self._read_ahead(first)
            warm_up()
        for step in plan:
            try:
                self._step(step)
            except StopRequestedError:
                self._finish(step, "stopped", 0.0, "stopped at a safe point: nothing half-done is visible")
                break
            except FatalError:
                break
        self.outcome.state = self._state()
        return self.outcome

    def _read_ahead(self, step: Step) -> None:
        """Let a source that can do so read the first stream while this process gets ready for it."""
        stream = StreamId.parse(step.selects[0])
        spec = next(spec for spec in self.survey.chosen.streams if spec.id == stream)
        with suppress(LakesmithError):  # the load meets it again, and tells
            source = self.shop.source(stream.source)
            if isinstance(source, ReadsAhead):
                source.read_ahead(spec)

    def _step(self, step: Step) -> None:
        self.shop.host.stop.check()
        if step.kind != "load":  # loads come first: no database has to keep its snapshot while models are built
            self.shop.close_sources()
        lost = [need for need in step.needs if self.outcome.steps.get(need, "skipped") not in WENT_WELL]
        if step.reason == TO_LOOK and len(lost) == len(step.needs):
            return  # nothing came in that one could look at
        if step.reason == WHEN_FRESH and not self._has_come():
            return
        if lost and step.kind in ("build", "swap", "publish"):
            self._finish(step, "skipped", 0.0, f"{lost[0]} did not go well")
            return
        began, gauge = self.shop.host.clock.steady_s(), Gauge.begin()
        self._tell(events.StepStarted(self.run_id, step.name, step.kind, self.shop.host.clock.now()))
        try:
            state, message, facts = _STEPS[step.kind](self, step)
        except LakesmithError as error:
            self._fault(step.name, step.kind, error, self.shop.host.clock.steady_s() - began, gauge.read())
            if isinstance(error, FatalError):
                raise
            return
        self._finish(step, state, self.shop.host.clock.steady_s() - began, message, facts, gauge.read())

    def load(self, step: Step) -> tuple[str, str, dict[str, float]]:
        """Load one stream."""
        stream = StreamId.parse(step.selects[0])
        spec = next(spec for spec in self.survey.chosen.streams if spec.id == stream)
        job = job_of(self.shop, spec, self.order, known_ordinal=self.ordinals.get(str(stream), 0))
        restored = self._restored(job)
        total = next((news.size_bytes for news in self.survey.facts.news if news.stream == stream), None)

        def progress(rows: int, done: int) -> None:
            """Tell how far the load is."""
            self._tell(events.StepProgress(self.run_id, step.name, rows, done, total))

        load, renamed = self._followed(load_stream(job, progress=progress))
        self.outcome.loads.append(load)
        self._tell(events.LoadFinished(self.run_id, step.name, self.shop.host.clock.now(), load))
        facts: dict[str, float] = {
            "read": load.counts.read,
            "written": load.counts.written,
            "quarantined": load.counts.quarantined,
        }
        facts |= {"filtered": load.counts.filtered, "splits": load.splits}
        if load.counts.derived:
            facts["derived"] = load.counts.derived
        untended = self._tend(job, facts)
        message = " ".join(filter(None, (restored, renamed, untended)))
        return ("warned" if message else "succeeded"), message, facts

    def _followed(self, load: Load) -> tuple[Load, str]:
        """Carry renames through to silver; the load stands all the same if that fails, and the build tries again."""
        try:
            return follow(self.shop, load)
        except LakesmithError as error:
            mask_error(error, self.shop.host.secrets)
            return load, f"The load is whole, but silver could not follow a rename of {load.stream}: {error.what}"

    def _tend(self, job: LoadJob, facts: dict[str, float]) -> str:
        """Do the upkeep of the table that is due, and note it among the facts; say so if it fails: the load stands all the same."""
        try:
            upkeep = job.bronze.tend()
        except LakesmithError as error:
            mask_error(error, self.shop.host.secrets)
            return f"The load is whole, but the upkeep of {job.spec.id} failed: {error.what}"
        if upkeep is not None:
            done = {"files_before": upkeep.files_before, "files_after": upkeep.files_after, "deleted": upkeep.deleted}
            facts |= {name: count for name, count in done.items() if count}
        return ""

    def rollback(self, step: Step) -> tuple[str, str, dict[str, float]]:
        """Take one table back to a snapshot it had."""
        stream, snapshot_id = StreamId.parse(step.selects[0]), int(step.selects[1])
        table = self.shop.lake.table(stream)
        decided_on = self.order.rollback_from.get(stream)
        if decided_on is not None and not table.only_tended_since(decided_on):
            raise FencedError(
                f"{stream} was loaded or taken back after this rollback was decided on. It stays as it is.",
                where=str(stream),
                fix=f"look at `lakesmith history {stream}`, and run the same command again if it is still wanted",
            )
        before = next(iter(versions_of(table)), None)  # not the head, which refuses the rows that a rollback mends
        commit = table.rollback(snapshot_id)
        after = table.head()
        load = Load(
            stream,
            "rolled_back",
            (commit,),
            base=before.snapshot_id if before else None,
            reason="rollback",
            columns=columns_of(after),
            rows_before=before.rows if before else 0,
            rows_after=after.rows if after else 0,
        )
        self.outcome.loads.append(load)
        self._tell(events.LoadFinished(self.run_id, step.name, self.shop.host.clock.now(), load))
        rows = {"rows_before": before.rows if before else 0, "rows_after": after.rows if after else 0}
        facts: dict[str, float] = {**rows, "generation": commit.checkpoint.generation}
        return "succeeded", f"{rows['rows_before']:,} → {rows['rows_after']:,} rows", facts

    def _restored(self, job: LoadJob) -> str:
        """Say so if the table is behind what the record knows of it: somebody restored its catalog, or made the lake anew."""
        head = job.bronze.head()
        reached = head.checkpoint.ordinal if head and head.checkpoint else 0
        if reached >= job.known_ordinal:
            return ""
        what = (
            f"The table of {job.spec.id} is at load {reached}, and the record knows of load {job.known_ordinal}: its catalog was "
            f"restored, or the lake was made anew. Loading goes on from load {reached}, with numbers above {job.known_ordinal}."
        )
        fix = "nothing, if that was meant; else stop, and bring back the newest catalog"
        now = self.shop.host.clock.now()
        step = f"load:{job.spec.id}"
        self._tell(
            events.ErrorSeen(self.run_id, step, now, "RestoredCatalog", "stop and look", what, self.shop.lake.root, fix)
        )
        return what

    def watch(self, step: Step) -> tuple[str, str, dict[str, float]]:
        """Wait for the tables of a source that are not fresh, as long as that is worth while."""
        source = step.selects[0]
        glances = [glance for glance in self.outcome.glances.values() if glance.stream.source == source]

        def tell(note: str) -> None:
            """Tell what is waited for."""
            self._tell(events.StepProgress(self.run_id, step.name, 0, 0, None, note))

        last = watching.wait(self.shop, source, glances, tell)
        self._take_note(glance for glance in last if glance != self.outcome.glances.get(glance.stream))
        missed = watching.sentence(last)
        facts: dict[str, float] = {"tables": len(last), "fresh": sum(glance.is_usable for glance in last)}
        kept = f"{missed}. What is built on it keeps its last good version." if missed else ""
        return ("warned" if missed else "succeeded"), kept, facts

    def _take_note(self, glances: Iterable[Glance]) -> None:
        for glance in glances:
            self.outcome.glances[glance.stream] = glance
            self._tell(events.TableSeen(self.run_id, self.shop.host.clock.now(), glance))

    def _has_come(self) -> bool:
        """Whether a table that was waited for can be built from now, and was not built as it is."""
        before = watching.marks_before(self.shop.engine.read_manifest())
        return watching.has_moved(self.outcome.glances.values(), before)

    def attach(self, _step: Step) -> tuple[str, str, dict[str, float]]:
        """Make bronze readable for dbt."""
        marks = watching.marks_of(self.outcome.glances.values())
        self.outcome.attached = replace(building.attach(self.shop), existing=marks)
        notes = " ".join(self.outcome.attached.notes)
        return ("warned" if notes else "succeeded"), notes, {"tables": len(self.outcome.attached.bronze)}

    def build(self, _step: Step) -> tuple[str, str, dict[str, float]]:
        """Build and test the models."""
        failed = [
            StreamId.parse(name.partition(":")[2])
            for name, state in self.outcome.steps.items()
            if name.startswith(("load:", "rollback:")) and state not in WENT_WELL
        ]
        failed += [stream for stream, glance in self.outcome.glances.items() if not glance.is_usable]
        if catch_up(self.shop) or any(is_rename(drift) for load in self.outcome.loads for drift in load.drift):
            self.outcome.models = self.shop.models_now()  # the scaffold's own files are others than at the survey
        built = building.build(self.shop, self.order, failed, self.outcome.attached, self.run_id, self._tell)
        self.outcome.built = built
        if built.state == "stopped":
            raise StopRequestedError
        remember_parsed(self.shop, self._models)
        error = building.failure(built)
        if error:
            self._tell_error("build", error)
            self.outcome.errors.append(("build", error))
        facts: dict[str, float] = {
            "models": built.models,
            **{f"tests_{status}": count for status, count in built.checks.items()},
        }
        # What failed is left out of the swap, model by model, so the step counts as warned for those that come after it.
        return ("warned" if error else built.state), (error.what if error else ""), facts

    def swap(self, _step: Step) -> tuple[str, str, dict[str, float]]:
        """Make the tested marts what readers open."""
        if self.outcome.built is None:
            return "skipped", "nothing was built", {}
        well = all(state in WENT_WELL for state in self.outcome.steps.values())
        whole = well and (self.order.everything or self._covers_all())
        self.outcome.datasets = building.swap(self.shop, self.outcome.built, self._models, whole=whole)
        return "succeeded", "", {"tables": len(self.outcome.datasets)}

    @property
    def _models(self) -> str:
        return self.outcome.models or self.survey.models

    def _covers_all(self) -> bool:
        moved = (*self.order.rollback, *((self.order.rebuild,) if self.order.rebuild else ()))
        return bool(moved) and stays_complete(self.shop, self.outcome.attached, self._models, moved)

    def publish(self, step: Step) -> tuple[str, str, dict[str, float]]:
        """Write tested tables out."""
        name = step.selects[0]
        datasets = published_by(self.shop, name)
        count = publications.publish(self.shop, name, datasets, self.order, self.run_id, self._tell)
        publications.remember(self.shop, name)
        self.outcome.published[name] = count
        return "succeeded", "", {"tables": count}

    def _finish(
        self,
        step: Step,
        state: str,
        seconds: float,
        message: str = "",
        facts: dict[str, float] | None = None,
        took: Effort = NOTHING,
    ) -> None:
        self.outcome.steps[step.name] = state
        told = (self.shop.host.clock.now(), state, seconds, message, facts or {})
        self._tell_end(events.StepFinished(self.run_id, step.name, step.kind, *told), took)

    def _fault(self, name: str, kind: str, error: LakesmithError, seconds: float = 0.0, took: Effort = NOTHING) -> None:
        self.outcome.errors.append((name, error))
        self.outcome.steps[name] = "failed"
        self._tell_error(name, error)
        now = self.shop.host.clock.now()
        if kind == "load":
            stream, peak = StreamId.parse(name.removeprefix("load:")), took.peak_rss_bytes
            failed = Load(stream, "failed", cpu_s=took.cpu_s, peak_rss_bytes=peak)
            self._tell(events.LoadFinished(self.run_id, name, now, failed))
        self._tell_end(events.StepFinished(self.run_id, name, kind, now, "failed", seconds, error.what), took)

    def _tell_end(self, end: events.StepFinished, took: Effort) -> None:
        attempt = self.order.cause.attempt if self.order.cause else 1
        self._tell(replace(end, attempt=attempt, cpu_s=took.cpu_s, peak_rss_bytes=took.peak_rss_bytes))

    def _tell_error(self, step: str, error: LakesmithError) -> None:
        mask_error(error, self.shop.host.secrets)
        self._tell(error_seen(self.run_id, step, self.shop.host.clock.now(), error))

    def _tell(self, event: Any) -> None:
        self.recorder.record(event)

    def _state(self) -> str:
        states = set(self.outcome.steps.values())
        for worst in ("stopped", "failed"):
            if worst in states:
                return worst
        if self.outcome.errors:
            return "failed"
        if not states:
            return "nothing_new"
        return "warned" if "warned" in states else "succeeded"


def warm_up() -> None:
    """Import what every load needs, so that the first stream's speed is not that of starting Python's libraries.

    From then on Python's search for garbage passes over what stays for as long as the process does. Only once: what a run leaves behind
    is not to stay.
    """
    if sys.modules.keys() >= set(HEAVY):
        return
    with collector_paused():
        for name in HEAVY:
            import_module(name)
    gc.freeze()


def mask_error(error: LakesmithError, secrets: Secrets) -> None:
    """Take every known secret out of an error's texts, in place: from here on it is shown, logged and recorded."""
    error.what, error.where, error.fix = map(secrets.mask, (error.what, error.where, error.fix))
    error.args = (error.what,)


_STEPS: dict[str, Callable[[Execution, Step], tuple[str, str, dict[str, float]]]] = {
    "load": Execution.load,
    "rollback": Execution.rollback,
    "watch": Execution.watch,
    "attach": Execution.attach,
    "build": Execution.build,
    "swap": Execution.swap,
    "publish": Execution.publish,
}
