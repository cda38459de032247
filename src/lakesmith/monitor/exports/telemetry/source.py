"""The source of `type: lakesmith`: a run is read once it is over and sealed, exactly once; a run under way is not read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from lakesmith.errors import ConnectorOptionsError, LakesmithError
from lakesmith.model.streams import Ask, Chunk, Finding, Position, SourceContext, Split, StreamSpec
from lakesmith.monitor.exports.telemetry.options import TelemetryOptions, TelemetryStreamOptions

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from lakesmith.monitor.exports.telemetry.contents import Content


class TelemetrySource:
    """The record of runs, as tables `lakesmith_runs`, `lakesmith_loads` and so on."""

    Options: ClassVar[type[TelemetryOptions]] = TelemetryOptions
    StreamOptions: ClassVar[type[TelemetryStreamOptions]] = TelemetryStreamOptions
    modes: ClassVar[tuple[str, ...]] = ("append",)

    def __init__(self, context: SourceContext) -> None:
        self._context = context

    def check(self) -> Iterator[Finding]:
        """Say of each table whether there is anything to read."""
        for stream in self._context.streams:
            try:
                found = [split for split in self.splits(stream, Ask()) if split.token]
            except LakesmithError as error:
                yield Finding("error", str(stream.id), error.what, error.fix)
            else:
                yield Finding("ok", str(stream.id), "there are rows to read" if found else "nothing is on record yet")

    def splits(self, stream: StreamSpec, ask: Ask) -> Sequence[Split]:
        """Return what came on record since, as one part; nothing where that is only what this source did itself.

        The first time there is a part even without a row, so that there is a table that models can be built on.

        Raises:
            ConnectorOptionsError: If there is no such table.
            StorageUnavailableError: If the run store does not answer.
            SourceDataError: If it is damaged.
        """
        from lakesmith.monitor.exports.telemetry import numbered, sealed

        content = self._content(stream)
        with self._engine() as engine:
            if engine is None:
                token = None
            elif content.number is None:
                token = sealed.news(engine, content, ask.since, stream.id.source)
            else:
                token = numbered.news(engine, content, ask.since)
        if token is None and ask.since is not None:
            return []
        return [Split(stream.id, "what is new" if token else "its columns", token=token or b"")]

    def read(self, stream: StreamSpec, split: Split, ask: Ask) -> Iterator[Chunk]:  # noqa: ARG002 - the split says it all
        """Yield the rows, `batch_rows` at a time, each batch counted by the database in the same transaction.

        Raises:
            ConnectorOptionsError: If there is no such table.
            StorageUnavailableError: If the run store does not answer.
            SourceDataError: If it is damaged.
        """
        from lakesmith.monitor.exports.telemetry import numbered, sealed
        from lakesmith.monitor.exports.telemetry.batches import batch_of, schema_of

        content = self._content(stream)
        pages = sealed.pages if content.number is None else numbered.pages
        schema = schema_of(content.columns)
        if not split.token:
            beginning = sealed.BEGINNING if content.number is None else numbered.BEGINNING
            yield Chunk(batch_of((), schema, "")[0], beginning, counted=0)
            return
        with self._engine() as engine:
            if engine is None:
                return
            for page in pages(engine, content, split.token, stream.options.batch_rows):
                rows, rejects = batch_of(page.rows, schema, page.origin)
                yield Chunk(rows, page.after, rejects, counted=page.counted, origin=page.origin)

    def advance(self, position: Position | None, split: Split, after: Position) -> Position:  # noqa: ARG002 - see `after`
        """Return where the split was left."""
        return after

    def _content(self, stream: StreamSpec) -> Content:
        from lakesmith.monitor.exports.telemetry.contents import CONTENTS

        name = stream.options.table or stream.id.name
        if name not in CONTENTS:
            raise ConnectorOptionsError(
                f"The record of runs has no table `{name}`.",
                where=stream.where or self._context.where,
                fix=f"name one of: {', '.join(CONTENTS)}",
            )
        return CONTENTS[name]

    @cached_property
    def _address(self) -> tuple[str | None, str]:
        """The address of the run store, None for the project's file, and where it is written."""
        from lakesmith.monitor.exports.telemetry.places import said

        own: str | None = self._context.options.store
        return (own, self._context.where) if own else (said(self._context.root), "lakesmith.yml: monitor.store")

    @contextmanager
    def _engine(self) -> Iterator[Engine | None]:
        from lakesmith.monitor.exports.telemetry.places import engine_of

        engine = engine_of(self._context.root, *self._address)
        try:
            yield engine
        finally:
            if engine is not None:
                engine.dispose()
