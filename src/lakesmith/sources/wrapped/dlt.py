"""Resources of dlt: read item by item in their own environment, without dlt's pipeline; its state is our position."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

from lakesmith.errors import LakesmithError
from lakesmith.model.streams import Chunk, Finding, SourceContext, StreamSpec
from lakesmith.sources.wrapped.options import DltOptions, DltStreamOptions
from lakesmith.sources.wrapped.program import private_folder
from lakesmith.sources.wrapped.reading import Hearing, chunks, need_success
from lakesmith.sources.wrapped.singer import understand
from lakesmith.sources.wrapped.source import Run, WrappedSource

PROGRAM = Path(__file__).with_name("dlt_program.py")
CONFIG, STATE = "config.json", "state.json"


class DltSource(WrappedSource):
    """A resource, or the resources of a source, of dlt."""

    Options: ClassVar[type[DltOptions]] = DltOptions
    StreamOptions: ClassVar[type[DltStreamOptions]] = DltStreamOptions

    def __init__(self, context: SourceContext) -> None:
        super().__init__(context)
        self._options: DltOptions = context.options

    def check(self) -> Iterator[Finding]:
        """Say which of the streams the source has, and by which key."""
        try:
            keys = self._keys()
        except LakesmithError as error:
            yield Finding("error", self._context.name, error.what, error.fix)
            return
        for stream in self._context.streams:
            name = _name(stream)
            if name not in keys:
                unknown = self.unknown(stream, name, list(keys))
                yield Finding("error", str(stream.id), unknown.what, unknown.fix)
            else:
                yield Finding(
                    "ok", str(stream.id), f"its key is {', '.join(keys[name])}" if keys[name] else "it has no key"
                )

    def run(self, stream: StreamSpec, state: Any, run: Run) -> Iterator[Chunk]:
        """Yield the chunks of one run that goes on from `state`, dlt's own."""
        name = _name(stream)
        with private_folder({CONFIG: self._config(stream=name), STATE: state or {}}) as folder:
            words = [*self._python(), "read", str(folder / CONFIG), str(folder / STATE)]
            with self.started(words, folder, self.place(stream), run) as program:
                yield from chunks(program, Hearing(stream, name, None, understand, state), program)

    def _keys(self) -> Mapping[str, list[str]]:
        with private_folder({CONFIG: self._config(), STATE: {}}) as folder:
            words = [*self._python(), "discover", str(folder / CONFIG), str(folder / STATE)]
            with self.started(words, folder, self._context.where) as program:
                said = b"\n".join(program.lines())
                need_success(program, None, self._context.where)
                end = program.last_words()
        with suppress(ValueError, KeyError, TypeError):
            return {one["tap_stream_id"]: one["key_properties"] for one in json.loads(said)["streams"]}
        raise self.said_nothing("which resources it has", end)

    def _config(self, **more: str) -> dict[str, Any]:
        return {"resource": self._options.resource, "args": self._options.config, **more}

    def _python(self) -> list[str]:
        return [self._options.python or sys.executable, str(PROGRAM)]


def _name(stream: StreamSpec) -> str:
    said: str | None = stream.options.stream
    return said or stream.id.name
