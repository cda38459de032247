"""The sources of a project file and their streams."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lakesmith.model.streams import StreamId, StreamSpec
from lakesmith.project.config import SourceConfig
from lakesmith.project.connectors import DEFAULT_MODES, SOURCES, modes_of
from lakesmith.project.faults import Path, nearest, spell_list
from lakesmith.project.sections import Sheet, split_keys
from lakesmith.project.settings import Column, SourceSettings, StreamSettings, check_identifier, limit_of
from lakesmith.project.wording import keys_of


@dataclass(frozen=True, slots=True)
class _Source:
    """A source while its streams are read: its name, place and connector, what it says for all of them, whether it finds more."""

    name: str
    path: Path
    kind: str
    connector: type[Any] | None
    settings: SourceSettings | None
    includes: bool = False

    @property
    def default_mode(self) -> str:
        """The mode of streams that name none."""
        known = modes_of(self.connector) if self.connector else DEFAULT_MODES
        said: str | None = getattr(self.connector, "default_mode", None)
        if said is not None:
            return said
        return "append" if "append" in known else known[0]

    def defaults(self, stream: str) -> StreamSettings:
        """What the connector says of a stream of that name, where the project says nothing."""
        said = getattr(self.connector, "stream_defaults", None)
        return StreamSettings() if said is None else StreamSettings.model_validate(said(stream))


def read_sources(sheet: Sheet) -> dict[str, SourceConfig]:
    """Return the sources of a project; what is wrong with them becomes faults."""
    return {name: _read_source(sheet, name, data) for name, data in sheet.named(("sources",)).items()}


def _read_source(sheet: Sheet, name: str, data: dict[str, Any]) -> SourceConfig:
    path: Path = ("sources", name)
    own, rest = split_keys(data, SourceSettings)
    settings = sheet.check(SourceSettings, own, path)
    kind = data.get("type")
    connector = sheet.plug_in(SOURCES, kind, (*path, "type")) if isinstance(kind, str) and kind else None
    options = sheet.check(connector.Options, rest, path, beside=keys_of(SourceSettings)) if connector else None
    source = _Source(name, path, str(kind), connector, settings, includes=bool(data.get("include")))
    streams = _read_streams(sheet, source, data.get("streams"))
    return SourceConfig(
        name=name,
        type=source.kind,
        options=options,
        streams=tuple(stream for stream in streams if stream),
        where=sheet.where(path),
        missing=sheet.missing(path),
        on_drift=(settings.on_drift if settings else None) or "evolve",
        loads=bool(getattr(connector, "loads", True)),
    )


def _read_streams(sheet: Sheet, source: _Source, data: Any) -> list[StreamSpec | None]:
    path = (*source.path, "streams")
    if not data:
        needs = source.connector is not None and getattr(source.connector, "needs_streams", True)
        if needs and not source.includes:
            sheet.fault(source.path, 'missing key "streams": name what to load')
        return []
    if isinstance(data, list):
        places: dict[str, Path] = {}
        for index, item in enumerate(data):
            if not isinstance(item, str):
                sheet.fault((*path, index), "should be the name of a stream; write a mapping to give streams settings")
            elif places.setdefault(item, (*path, index)) != (*path, index):
                sheet.fault((*path, index), f'the stream "{item}" is named twice')
        entries: dict[str, Any] = dict.fromkeys(places)
    elif isinstance(data, dict):
        entries = data
        places = {name: (*path, name) for name in data}
    else:
        sheet.fault(path, "should be a mapping from stream names to settings, or a list of stream names")
        return []
    _check_columns(sheet, source, tuple(entries))
    return [_read_stream(sheet, source, name, (value, places[name])) for name, value in entries.items()]


def _check_columns(sheet: Sheet, source: _Source, streams: tuple[str, ...]) -> None:
    path = (*source.path, "columns")
    for name in source.settings.columns if source.settings else ():
        stream, dot, column = name.partition(".")
        if not dot or not column:
            sheet.fault(path, f'"{name}" should be written as stream.column', key=name)
        elif stream not in streams:
            sheet.fault(path, f'"{name}" names no stream of this source{nearest(stream, streams)}', key=name)


def _read_stream(sheet: Sheet, source: _Source, name: str, written: tuple[Any, Path]) -> StreamSpec | None:
    value, path = written
    _check_stream_name(sheet, name, path)
    data = sheet.mapping(value, path)
    if data is None:
        return None
    own, rest = split_keys(data, StreamSettings)
    settings = sheet.check(StreamSettings, own, path)
    options = None
    if source.connector is not None:
        options = sheet.check(source.connector.StreamOptions, rest, path, beside=keys_of(StreamSettings))
    if settings is None:
        return None
    defaults = source.defaults(name)
    mode = settings.mode or (source.settings.mode if source.settings else None) or defaults.mode or source.default_mode
    own_key = getattr(source.connector, "own_key", None) if mode == "dedupe" else None
    settings = settings.model_copy(update={"key": settings.key or defaults.key or own_key})
    _check_mode(sheet, source, (mode, settings, path))
    return StreamSpec(
        id=StreamId(source.name, name),
        mode=mode,
        key=settings.key or (),
        on_drift=settings.on_drift or (source.settings.on_drift if source.settings else None) or "evolve",
        columns=_columns(source, name, settings, defaults),
        max_rejects=limit_of(source.settings) if limit_of(settings) is None else limit_of(settings),
        options=options,
        where=sheet.where(path),
        history=settings.history,
    )


def _check_stream_name(sheet: Sheet, name: str, path: Path) -> None:
    try:
        check_identifier(name)
    except ValueError as error:
        listed = isinstance(path[-1], int)
        sheet.fault(path if listed else path[:-1], f'the name "{name}" {error}', key=None if listed else name)


def _check_mode(sheet: Sheet, source: _Source, said: tuple[str, StreamSettings, Path]) -> None:
    mode, settings, path = said
    if source.connector is None:
        return
    known = modes_of(source.connector)
    if mode not in known:
        place = (*path, "mode") if settings.mode else (*source.path, "mode")
        sheet.fault(place, f'a {source.kind} source cannot do mode "{mode}", it can do: {spell_list(known)}')
    elif mode == "dedupe" and not settings.key and not getattr(source.connector, "finds_keys", False):
        sheet.fault(path, 'missing key "key": mode dedupe needs the column, or columns, that identify a record')
    if settings.history and (mode != "replace" or not settings.key):
        sheet.fault((*path, "history"), 'goes with mode "replace" and a "key": the other modes keep every row anyway')


def _columns(
    source: _Source, stream: str, settings: StreamSettings, defaults: StreamSettings
) -> dict[str, dict[str, Any]]:
    merged = {name: _said(column) for name, column in defaults.columns.items()}
    above = source.settings.columns if source.settings else {}
    for name, column in above.items():
        if name.startswith(f"{stream}."):
            short = name.partition(".")[2]
            merged[short] = merged.get(short, {}) | _said(column)
    for name, column in settings.columns.items():
        merged[name] = merged.get(name, {}) | _said(column)
    return merged


def _said(column: Column) -> dict[str, Any]:
    return column.model_dump(exclude_none=True)
