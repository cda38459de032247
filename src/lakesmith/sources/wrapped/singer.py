"""Singer taps: programs that write SCHEMA, RECORD and STATE messages, a line of JSON each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from typing import Any, ClassVar

from lakesmith.errors import LakesmithError, SourceMissingError
from lakesmith.model.streams import Ask, Chunk, Finding, SourceContext, Split, StreamSpec, canonical
from lakesmith.sources.files.formats.nested.json_values import UnreadableError
from lakesmith.sources.wrapped.messages import Message, Notice, Record, Shape, State, envelope, plain
from lakesmith.sources.wrapped.options import SingerOptions, SingerStreamOptions
from lakesmith.sources.wrapped.program import private_folder
from lakesmith.sources.wrapped.reading import Hearing, Recorded, chunks, need_success
from lakesmith.sources.wrapped.source import Run, WrappedSource

VERSIONED = (
    "The tap says that it sent all records anew: those that are gone stay in bronze. `mode: replace` follows it."
)
CONFIG, CATALOG, STATE = "config.json", "catalog.json", "state.json"


class SingerSource(WrappedSource):
    """A tap, or a file of messages that one wrote."""

    Options: ClassVar[type[SingerOptions]] = SingerOptions
    StreamOptions: ClassVar[type[SingerStreamOptions]] = SingerStreamOptions

    def __init__(self, context: SourceContext) -> None:
        super().__init__(context)
        self._options: SingerOptions = context.options
        self._offered: Mapping[str, Any] | None = None

    def splits(self, stream: StreamSpec, ask: Ask) -> list[Split]:
        """Return one run; of a file, unless it is as it was when it was read."""
        if self._options.file is None:
            return list(super().splits(stream, ask))
        mark = self._mark(stream)
        if ask.since and json.loads(ask.since).get("file") == mark:
            return []
        return [Split(stream.id, self._options.file, resumable=False, bound=stream.mode == "replace")]

    def check(self) -> Iterator[Finding]:
        """Say which of the streams the tap has, and by which key."""
        try:
            shapes = self._shapes_of_file() if self._options.file is not None else self._shapes_of_tap()
        except LakesmithError as error:
            yield Finding("error", self._context.name, error.what, error.fix)
            return
        for stream in self._context.streams:
            yield self._finding(stream, shapes)

    def run(self, stream: StreamSpec, state: Any, run: Run) -> Iterator[Chunk]:
        """Yield the chunks of one run that goes on from `state`."""
        name = stream.options.stream or stream.id.name
        if self._options.file is not None:
            mark = self._mark(stream)
            lines = Recorded(self._path(self.place(stream)))
            for chunk in chunks(lines, self._hearing(stream, name, None), None):
                yield Chunk(
                    chunk.rows,
                    _with_mark(chunk.after, mark),
                    chunk.rejects,
                    chunk.counted,
                    chunk.origin,
                    notices=chunk.notices,
                )
            return
        files: dict[str, Any] = {CONFIG: self._options.config}
        catalog = self._catalog()
        sent_as = name
        if catalog is not None:
            entry = self._entry(stream, name, catalog)
            sent_as = str(entry.get("stream") or name)
            files[CATALOG] = selected(catalog, entry, stream.options.metadata)
        if state is not None:
            files[STATE] = state
        with private_folder(files) as folder:
            words = [*(self._options.tap or ()), "--config", str(folder / CONFIG)]
            words += [self._options.catalog_option, str(folder / CATALOG)] if catalog is not None else []
            words += ["--state", str(folder / STATE)] if state is not None else []
            with self.started(words, folder, self.place(stream), run) as program:
                yield from chunks(program, self._hearing(stream, sent_as, state), program)

    def _hearing(self, stream: StreamSpec, name: str, state: Any) -> Hearing:
        return Hearing(stream, name, None, understand, state, needs_shape=True)

    def _entry(self, stream: StreamSpec, name: str, catalog: Mapping[str, Any]) -> Mapping[str, Any]:
        entries = {str(entry.get("tap_stream_id") or entry.get("stream")): entry for entry in catalog["streams"]}
        if name not in entries:
            raise self.unknown(stream, name, list(entries))
        found: Mapping[str, Any] = entries[name]
        return found

    def _catalog(self) -> Mapping[str, Any] | None:
        """Return what the tap offers: by its file, or by its own words; None for one that knows no catalog."""
        if self._offered is None and self._options.catalog is not None:
            path = self._context.root / self._options.catalog
            try:
                self._offered = json.loads(path.read_text(encoding="utf-8"))
            except (OSError, ValueError) as error:
                raise SourceMissingError(
                    f"The catalog `{self._options.catalog}` cannot be read: {type(error).__name__}.",
                    where=self._context.where,
                    fix="write it with the tap's `--discover`, or leave `catalog:` out",
                ) from error
        elif self._offered is None and self._options.discovers:
            self._offered = self._discovered()
        return self._offered

    def _discovered(self) -> Mapping[str, Any]:
        with private_folder({CONFIG: self._options.config}) as folder:
            words = [*(self._options.tap or ()), "--config", str(folder / CONFIG), "--discover"]
            with self.started(words, folder, self._context.where) as program:
                said = b"\n".join(program.lines())
                need_success(program, None, self._context.where)
                words_at_end = program.last_words()
        with suppress(ValueError):
            catalog = json.loads(said)
            if isinstance(catalog, dict) and isinstance(catalog.get("streams"), list):
                return catalog
        raise self.said_nothing("which streams it has (`--discover`)", words_at_end)

    def _shapes_of_tap(self) -> dict[str, tuple[str, ...]]:
        catalog = self._catalog()
        if catalog is None:
            return {}
        return {str(entry.get("tap_stream_id") or entry.get("stream")): _key(entry) for entry in catalog["streams"]}

    def _shapes_of_file(self) -> dict[str, tuple[str, ...]]:
        shapes: dict[str, tuple[str, ...]] = {}
        for line in Recorded(self._path(self._context.where)).lines():
            try:
                message = understand(line)
            except UnreadableError:
                continue
            if isinstance(message, Shape):
                shapes[message.stream] = message.key
        return shapes

    def _finding(self, stream: StreamSpec, shapes: Mapping[str, tuple[str, ...]]) -> Finding:
        name, subject = stream.options.stream or stream.id.name, str(stream.id)
        if not shapes and not self._options.discovers:
            return Finding("note", subject, "the tap knows no catalog: what it has is seen when it runs")
        if name not in shapes:
            error = self.unknown(stream, name, list(shapes))
            return Finding("error", subject, error.what, error.fix)
        key = shapes[name]
        says = f"its key is {', '.join(key)}" if key else "it has no key"
        if stream.mode == "append" and self._options.file is None:
            return Finding(
                "warning",
                subject,
                f"{says}; a tap may send records again that it sent before: with `append` they are rows twice",
                "use `mode: dedupe` with a `key`, or `mode: replace`",
            )
        return Finding("ok", subject, says)

    def _path(self, where: str) -> Path:
        path = self._context.root / str(self._options.file)
        if not path.is_file():
            raise SourceMissingError(
                f"The file `{self._options.file}` is not there.", where=where, fix="correct `file:`"
            )
        return path

    def _mark(self, stream: StreamSpec) -> str:
        """Return a hash of the file."""
        import hashlib

        with self._path(self.place(stream)).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def understand(line: bytes) -> Message:
    """Return what a line of a tap says; None for what need not be known.

    Raises:
        UnreadableError: If it is no message of Singer's.
    """
    said = envelope(line)
    kind = said["type"]
    if kind == "RECORD" and isinstance(said.get("stream"), str) and isinstance(said.get("record"), dict):
        return Record(said["stream"], said["record"])
    if kind == "STATE" and "value" in said:
        return State(said["value"])
    if kind == "SCHEMA" and isinstance(said.get("stream"), str) and isinstance(said.get("schema"), dict):
        return Shape(said["stream"], plain(said["schema"]), _names(said.get("key_properties")))
    if kind == "ACTIVATE_VERSION":
        return Notice(VERSIONED)
    if kind in {"RECORD", "STATE", "SCHEMA"}:
        raise UnreadableError(f"the {kind} message lacks what belongs to it")
    return None


def selected(catalog: Mapping[str, Any], entry: Mapping[str, Any], metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return a catalog in which one stream alone is selected, with everything in it, and with more said of it."""
    made = deepcopy(dict(catalog))
    for one, original in zip(made["streams"], catalog["streams"], strict=True):
        is_it = original is entry
        if isinstance(one.get("schema"), dict):
            one["schema"]["selected"] = is_it
        root = _root(one.setdefault("metadata", []))
        root["selected"] = is_it
        if is_it:
            root.update(metadata)
            for part in one["metadata"]:
                inner = part.setdefault("metadata", {})
                if part.get("breadcrumb") and inner.get("inclusion") == "available":
                    inner.setdefault("selected", True)
    return made


def _root(metadata: list[dict[str, Any]]) -> dict[str, Any]:
    for part in metadata:
        if not part.get("breadcrumb"):
            found: dict[str, Any] = part.setdefault("metadata", {})
            return found
    metadata.append({"breadcrumb": [], "metadata": {}})
    made: dict[str, Any] = metadata[-1]["metadata"]
    return made


def _key(entry: Mapping[str, Any]) -> tuple[str, ...]:
    for part in entry.get("metadata") or ():
        if not part.get("breadcrumb") and part.get("metadata", {}).get("table-key-properties"):
            return _names(part["metadata"]["table-key-properties"])
    return _names(entry.get("key_properties"))


def _names(value: Iterable[Any] | None) -> tuple[str, ...]:
    return tuple(name for name in value if isinstance(name, str)) if isinstance(value, list | tuple) else ()


def _with_mark(position: bytes, mark: str) -> bytes:
    return canonical({**json.loads(position), "file": mark})
