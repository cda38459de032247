"""One dbt process: its JSON lines as events while it works, and its end as a value."""

from __future__ import annotations

import queue
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lakesmith.dbt import lines
from lakesmith.dbt.artifacts import Node, read_manifest, schema_of_project
from lakesmith.dbt.faults import Fault, clean_message, explain
from lakesmith.dbt.program import DbtRequest, command_line, environment
from lakesmith.dbt.tidying import code_in, tidy_results
from lakesmith.errors import TransformError
from lakesmith.host import Host
from lakesmith.host.processes import Child, end, running
from lakesmith.model.events import CheckFinished, ModelFinished

POLL_S = 0.1
KEPT_LINES = 200
_TESTS = frozenset({"test", "unit_test"})
_MODELS = frozenset({"model", "seed", "snapshot", "function"})
_STATUS = {
    "success": "success",
    "partial success": "error",
    "no-op": "success",
    "reused": "success",
    "runtime error": "error",
}


@dataclass(frozen=True, slots=True)
class DbtStarted:
    """dbt has parsed the project; `nodes` is how many it is going to work on (None where it does not say)."""

    nodes: int | None


@dataclass(frozen=True, slots=True)
class NodeStarted:
    """A model, test, seed or snapshot began: number `index` of `total`."""

    unique_id: str
    name: str
    relation: str
    index: int
    total: int


@dataclass(frozen=True, slots=True)
class DbtFinished:
    """The process ended.

    `state`: succeeded, warned, failed or stopped. `statuses` counts nodes by dbt's status. `errors` has one error for every node
    that could not be built; failing tests are no errors, they are `CheckFinished`. `empty`: the selection named nothing.
    `diagnosis` holds what dbt and its plug-ins wrote beside the log, for a person to read.
    """

    state: str
    code: int
    seconds: float
    statuses: dict[str, int] = field(default_factory=dict)
    errors: tuple[TransformError, ...] = ()
    empty: bool = False
    invocation_id: str = ""
    diagnosis: tuple[str, ...] = ()


DbtEvent = DbtStarted | NodeStarted | ModelFinished | CheckFinished | DbtFinished


def run_dbt(request: DbtRequest, host: Host) -> Iterator[DbtEvent]:
    """Run dbt and yield what happens while it happens; the last event is `DbtFinished`.

    Models and checks that went well come at once; those that did not come at the end, when dbt says why. When `host.stop` is
    requested dbt is asked to end: it cancels its queries, and the last event says `stopped`. Closing the iterator ends dbt, too.

    Raises:
        TransformError: If dbt ended before it came to the nodes: a file that cannot be parsed, a missing profile or variable.
        MissingExtraError: If dbt is not installed.
    """
    began = host.clock.steady_s()
    request.logs.mkdir(parents=True, exist_ok=True)
    log = _Log(request, host)
    with running(command_line(request), cwd=request.root, env=environment(request)) as child:
        for text in _lines(child, host):
            yield from log.read(text)
        code = child.code
    tidy_results(request.artifacts, host.secrets.mask)
    yield from log.rest()
    yield log.finish(code, host.clock.steady_s() - began, child.errors)


def _lines(child: Child, host: Host) -> Iterator[str]:
    """Yield lines of output, and look at the wish to stop while there are none."""
    arrived: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def collect() -> None:
        """Hand every line over; None at the end."""
        for line in child.lines():
            arrived.put(line)
        arrived.put(None)

    threading.Thread(target=collect, daemon=True).start()
    while True:
        if host.stop.requested:
            end(child.process)
        try:
            line = arrived.get(timeout=POLL_S)
        except queue.Empty:
            continue
        if line is None:
            return
        yield line


class _Log:
    """What has been read of dbt's log so far."""

    def __init__(self, request: DbtRequest, host: Host) -> None:
        self._request, self._host = request, host
        self._nodes: dict[str, Node] | None = None
        self._ended: dict[str, lines.LogLine] = {}
        self._waiting: dict[str, lines.LogLine] = {}
        self._said: dict[str, str] = {}
        self._compiled: dict[str, str] = {}
        self._paths: dict[str, str] = {}
        self._broken: list[str] = []
        self._other: list[str] = []
        self._written: str | None = None
        self._empty = False
        self._invocation = ""

    def read(self, text: str) -> Iterator[DbtEvent]:
        """Take one line in."""
        line = lines.parse_line(text)
        if line is None:
            self._keep(text)
            return
        self._invocation = self._invocation or line.invocation_id
        if line.name == "ConcurrencyLine":
            yield DbtStarted(line.data.get("node_count"))
        elif line.name == lines.STARTED:
            yield _started(line)
        elif line.name in lines.FINISHED and line.unique_id:
            yield from self._finished(line)
        else:
            self._note(line)

    def rest(self) -> Iterator[DbtEvent]:
        """Yield the nodes that did not go well, with their reasons."""
        for line in self._waiting.values():
            yield from self._event(line)
        self._waiting.clear()

    def finish(self, code: int, seconds: float, errors: list[str]) -> DbtFinished:
        """Return the end of the process.

        Raises:
            TransformError: If dbt ended before it came to the nodes.
        """
        said = tuple(self._mask(line) for line in [*self._other, *errors][-KEPT_LINES:] if line.strip())
        if self._host.stop.requested:
            return self._end("stopped", code, seconds, said)
        if code not in (0, 1) or self._broken or (code and not self._ended):
            raise self._refusal(code, said)
        statuses = {_status(line) for line in self._ended.values()}
        state = "failed" if code else "warned" if "warn" in statuses else "succeeded"
        return self._end(state, code, seconds, said)

    def _end(self, state: str, code: int, seconds: float, said: tuple[str, ...]) -> DbtFinished:
        return DbtFinished(
            state=state,
            code=code,
            seconds=seconds,
            statuses=dict(Counter(self._status(line) for line in self._ended.values())),
            errors=tuple(self._error(line) for line in self._ended.values() if self._status(line) == "error"),
            empty=self._empty,
            invocation_id=self._invocation,
            diagnosis=said,
        )

    def _finished(self, line: lines.LogLine) -> Iterator[DbtEvent]:
        if line.name == "LogBatchResult":  # one batch of a model, which reports itself when all are done
            return
        self._ended[line.unique_id] = line
        if _status(line) in {"error", "fail", "warn"}:
            self._waiting[line.unique_id] = line
        else:
            yield from self._event(line)

    def _note(self, line: lines.LogLine) -> None:
        if line.name in lines.MESSAGES and line.unique_id:
            self._said[line.unique_id] = str(line.data.get("msg") or line.text)
        elif line.name == "RunResultFailure":
            self._paths[line.unique_id] = str(line.data.get("path") or "")
        elif line.name == "SQLCompiledPath":
            self._compiled[line.unique_id] = str(line.data.get("path") or "")
        elif line.name in lines.BROKEN:
            self._broken.append(str(line.data.get("exc") or line.text))
        elif line.name == "NoNodesForSelectionCriteria":
            self._empty = True
        elif line.name not in lines.SPOKEN and line.level in {"warn", "error"}:
            self._keep(line.text)

    def _event(self, line: lines.LogLine) -> Iterator[DbtEvent]:
        kind = line.node.get("resource_type")
        if kind in _TESTS:
            yield self._check(line)
        elif kind in _MODELS:
            yield self._model(line)

    def _model(self, line: lines.LogLine) -> ModelFinished:
        return ModelFinished(
            run_id=self._request.run_id,
            at=self._host.clock.now(),
            model=str(line.node.get("node_name") or ""),
            relation=_relation(line),
            status=self._status(line),
            seconds=float(line.data.get("execution_time") or 0.0),
            rows=_rows(line),
            message=self._message(line),
        )

    def _check(self, line: lines.LogLine) -> CheckFinished:
        known = self._manifest()
        node = known.get(line.unique_id)
        about = known.get(str(line.data.get("attached_node") or "") or (node.attached if node else ""))
        return CheckFinished(
            run_id=self._request.run_id,
            at=self._host.clock.now(),
            check_id=line.unique_id,
            relation=about.relation if about else "",
            column=node.column if node else "",
            status=self._status(line),
            severity=node.severity if node else "",
            failures=int(line.data.get("num_failures") or 0),
            seconds=float(line.data.get("execution_time") or 0.0),
            message=self._message(line),
        )

    def _manifest(self) -> dict[str, Node]:
        """The nodes as dbt wrote them before it began to work; nothing where it wrote none."""
        if self._nodes is None:
            try:
                self._nodes = dict(read_manifest(self._request.artifacts).nodes)
            except TransformError:
                self._nodes = {}
        return self._nodes

    def _status(self, line: lines.LogLine) -> str:
        """The node's status; a query that was cancelled because of the wish to stop is not an error of its model."""
        cancelled = self._host.stop.requested and line.unique_id not in self._said
        return "skipped" if cancelled and _status(line) == "error" else _status(line)

    def _message(self, line: lines.LogLine) -> str:
        said = self._said.get(line.unique_id, "")
        return self._mask(clean_message(said, self._code())) if said else ""

    def _code(self) -> str:
        """The code of the project, read when a message has to be compared with it."""
        if self._written is None:
            self._written = code_in(self._request.artifacts)
        return self._written

    def _error(self, line: lines.LogLine) -> TransformError:
        name = str(line.node.get("node_name") or line.unique_id)
        said = self._said.get(line.unique_id) or "dbt gives no reason"
        fault = Fault(said, name, self._paths.get(line.unique_id, ""), self._compiled.get(line.unique_id, ""))
        return self._masked(explain(fault, self._code()))

    def _refusal(self, code: int, said: tuple[str, ...]) -> TransformError:
        text = "\n".join(self._broken) or "\n".join(said) or f"it ended with code {code} and said nothing"
        return self._masked(explain(Fault(text)))

    def _masked(self, error: TransformError) -> TransformError:
        return TransformError(self._mask(error.what), where=self._mask(error.where), fix=self._mask(error.fix))

    def _mask(self, text: str) -> str:
        return self._host.secrets.mask(text)

    def _keep(self, text: str) -> None:
        self._other.append(text)
        del self._other[:-KEPT_LINES]


def _started(line: lines.LogLine) -> NodeStarted:
    name = str(line.node.get("node_name") or "")
    return NodeStarted(
        line.unique_id, name, _relation(line), _number(line.data.get("index")), _number(line.data.get("total"))
    )


def _status(line: lines.LogLine) -> str:
    own = str(line.node.get("node_status") or "")
    status = (
        own if own not in ("", "None") else str(line.data.get("status") or "")
    ).lower()  # unit tests have none of their own
    return _STATUS.get(status, status)


def _relation(line: lines.LogLine) -> str:
    place = line.node.get("node_relation") or {}
    schema = schema_of_project(place.get("schema") or "")
    return f"{schema}.{place.get('alias', '')}" if place.get("relation_name") else ""


def _rows(line: lines.LogLine) -> int | None:
    """How many rows the adapter says it wrote: Snowflake, BigQuery and PostgreSQL do (`INSERT 0 42`), DuckDB does not."""
    words = str(line.data.get("status") or "").split()
    return int(words[-1]) if len(words) > 1 and words[-1].isdigit() else None


def _number(value: Any) -> int:
    return int(value) if isinstance(value, int | float | str) and str(value).isdigit() else 0
