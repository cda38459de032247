"""Connectors of Airbyte: programs, often in containers, that speak its protocol, a line of JSON each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from lakesmith.errors import LakesmithError
from lakesmith.model.streams import Chunk, Finding, SourceContext, StreamSpec
from lakesmith.sources.files.formats.nested.json_values import UnreadableError
from lakesmith.sources.wrapped.messages import Failure, Message, Record, State, envelope, plain
from lakesmith.sources.wrapped.options import AirbyteOptions, AirbyteStreamOptions
from lakesmith.sources.wrapped.program import private_folder
from lakesmith.sources.wrapped.reading import Hearing, chunks, need_success
from lakesmith.sources.wrapped.schemas import wanted_types
from lakesmith.sources.wrapped.source import Run, WrappedSource

CONFIG, CATALOG, STATE = "config.json", "catalog.json", "state.json"
CONFIG_FAULT = "config_error"


class AirbyteSource(WrappedSource):
    """A connector of Airbyte."""

    Options: ClassVar[type[AirbyteOptions]] = AirbyteOptions
    StreamOptions: ClassVar[type[AirbyteStreamOptions]] = AirbyteStreamOptions

    def __init__(self, context: SourceContext) -> None:
        super().__init__(context)
        self._options: AirbyteOptions = context.options
        self._offered: list[Mapping[str, Any]] | None = None

    def check(self) -> Iterator[Finding]:
        """Say whether the connector can connect, which settings it needs, and by which keys its streams go."""
        try:
            status = self._asked("check", "CONNECTION_STATUS", "whether it can connect")["connectionStatus"]
            if status.get("status") != "SUCCEEDED":
                yield Finding(
                    "error",
                    self._context.name,
                    f"the connector cannot connect: {status.get('message', 'it does not say why')}",
                    self._needs(),
                )
                return
            offered = {one["name"]: one for one in self._streams()}
        except LakesmithError as error:
            yield Finding("error", self._context.name, error.what, self._needs() or error.fix)
            return
        for stream in self._context.streams:
            yield self._finding(stream, offered)

    def run(self, stream: StreamSpec, state: Any, run: Run) -> Iterator[Chunk]:
        """Yield the chunks of one run that goes on from `state`, a list of the connector's own."""
        offered = self._stream(stream)
        cursor = [stream.options.cursor] if stream.options.cursor else offered.get("default_cursor_field") or []
        can_go_on = "incremental" in (offered.get("supported_sync_modes") or ()) and stream.mode != "replace"
        catalog = {
            "streams": [
                {
                    "stream": offered,
                    "sync_mode": "incremental" if can_go_on else "full_refresh",
                    "destination_sync_mode": "append",
                    "cursor_field": cursor,
                    "primary_key": offered.get("source_defined_primary_key") or [],
                }
            ]
        }
        files = {CONFIG: self._options.config, CATALOG: catalog}
        if state and can_go_on:
            files[STATE] = state
        with private_folder(files) as folder:
            words = [
                *self._options.command,
                "read",
                "--config",
                str(folder / CONFIG),
                "--catalog",
                str(folder / CATALOG),
            ]
            words += ["--state", str(folder / STATE)] if STATE in files else []
            ear = Ear(state if can_go_on else None)
            hearing = Hearing(
                stream,
                offered["name"],
                offered.get("namespace"),
                ear.understand,
                state,
                wanted_types(offered.get("json_schema") or {}),
                counts=True,
            )
            with self.started(words, folder, self.place(stream), run) as program:
                yield from chunks(program, hearing, program)

    def _streams(self) -> list[Mapping[str, Any]]:
        if self._offered is None:
            said = self._asked("discover", "CATALOG", "which streams it has (`discover`)")
            self._offered = [one for one in said["catalog"]["streams"] if isinstance(one, dict) and "name" in one]
        return self._offered

    def _stream(self, stream: StreamSpec) -> Mapping[str, Any]:
        name, namespace = stream.options.stream or stream.id.name, stream.options.namespace
        offered = self._streams()
        for one in offered:
            if one["name"] == name and (namespace is None or one.get("namespace") == namespace):
                return one
        raise self.unknown(stream, name, [one["name"] for one in offered])

    def _asked(self, command: str, kind: str, what: str) -> dict[str, Any]:
        """Return the message of a kind that a command of the connector answers with."""
        config = {} if command == "spec" else {CONFIG: self._options.config}
        with private_folder(config) as folder:
            words = [*self._options.command, command]
            words += ["--config", str(folder / CONFIG)] if config else []
            with self.started(words, folder, self._context.where) as program:
                failure, answer = None, None
                for line in program.lines():
                    try:
                        said = envelope(line)
                    except UnreadableError:
                        continue
                    failure = failure_of(said) or failure
                    answer = plain(said) if said["type"] == kind else answer
                if answer is None:
                    need_success(program, failure, self._context.where)
                    raise self.said_nothing(what, program.last_words())
        found: dict[str, Any] = answer
        return found

    def _needs(self) -> str:
        """Return what the connector's own specification says that `config:` needs."""
        try:
            spec = self._asked("spec", "SPEC", "what it needs (`spec`)")["spec"]["connectionSpecification"]
        except (LakesmithError, KeyError, TypeError):
            return ""
        properties = spec.get("properties") or {}
        needed = [f"`{name}` ({properties.get(name, {}).get('title', name)})" for name in spec.get("required") or ()]
        where = spec.get("documentationUrl") or spec.get("$id") or ""
        return (
            f"`config:` needs {', '.join(needed)}{'; see ' + where if str(where).startswith('http') else ''}"
            if needed
            else ""
        )

    def _finding(self, stream: StreamSpec, offered: Mapping[str, Mapping[str, Any]]) -> Finding:
        name, subject = stream.options.stream or stream.id.name, str(stream.id)
        if name not in offered:
            error = self.unknown(stream, name, list(offered))
            return Finding("error", subject, error.what, error.fix)
        key = ", ".join(".".join(path) for path in offered[name].get("source_defined_primary_key") or ())
        modes = offered[name].get("supported_sync_modes") or []
        text = f"{'its key is ' + key if key else 'it has no key'}; it can send {'what is new' if 'incremental' in modes else 'all of it only'}"
        if stream.mode == "append":
            return Finding(
                "warning",
                subject,
                f"{text}; it may send records again that it sent before: with `append` they are rows twice",
                "use `mode: dedupe` with a `key`, or `mode: replace`",
            )
        return Finding("ok", subject, text)


class Ear:
    """Understands the lines of one run, and keeps the newest state of each part that has one of its own."""

    def __init__(self, state: Any) -> None:
        self._states = {_part(one): one for one in state or () if isinstance(one, dict)}

    def understand(self, line: bytes) -> Message:
        """Return what a line says; None for what need not be known.

        Raises:
            UnreadableError: If it is no message of the protocol.
        """
        said = envelope(line)
        kind = said["type"]
        if kind == "RECORD":
            record = said.get("record")
            if (
                not isinstance(record, dict)
                or not isinstance(record.get("data"), dict)
                or not isinstance(record.get("stream"), str)
            ):
                raise UnreadableError("the RECORD message lacks what belongs to it")
            return Record(record["stream"], record["data"], record.get("namespace"))
        if kind == "STATE":
            state = plain(said.get("state"))
            if not isinstance(state, dict):
                raise UnreadableError("the STATE message lacks what belongs to it")
            counts = state.pop("sourceStats", None) or {}
            state.pop("destinationStats", None)
            self._states[_part(state)] = state
            counted = counts.get("recordCount")
            return State(list(self._states.values()), None if counted is None else int(counted))
        return failure_of(said)


def failure_of(said: Mapping[str, Any]) -> Failure | None:
    """Return the failure that a message tells of, None if it tells of none."""
    if said["type"] != "TRACE" or (said.get("trace") or {}).get("type") != "ERROR":
        return None
    error = said["trace"].get("error") or {}
    return Failure(
        str(error.get("message") or error.get("internal_message") or "it does not say what"),
        error.get("failure_type") == CONFIG_FAULT,
    )


def _part(state: Mapping[str, Any]) -> str:
    """Return what a state is about: a stream, or everything."""
    described = (state.get("stream") or {}).get("stream_descriptor") or {}
    return f"{described.get('namespace')}.{described.get('name')}" if state.get("type") == "STREAM" else "*"
