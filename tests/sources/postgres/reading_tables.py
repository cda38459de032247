"""A source over a database, read and loaded as a run does, and what the server itself says of its tables."""

import contextlib
from pathlib import Path

import pyarrow as pa
from psycopg.rows import dict_row

from lakesmith.model.streams import Ask, SourceContext, StreamId, StreamSpec
from lakesmith.sources.postgres import PostgresSource
from lakesmith.testing.contents import canonical_rows
from lakesmith.testing.trial import Trial


def trial_of(url, folder=Path(), *, mode="replace", key=(), name="t", history=False, source=None, **options):
    """Return a trial of one stream; `source` holds options of the source, the others are the stream's."""
    spec = StreamSpec(
        StreamId("shop", name),
        mode=mode,
        key=key,
        history=history,
        options=PostgresSource.StreamOptions(**options),
        where="lakesmith.yml:9",
    )
    made = PostgresSource.Options(**{"url": url, **(source or {})})
    return Trial(PostgresSource, SourceContext("shop", made, folder, (spec,), "lakesmith.yml:5"), folder / ".lakes")


@contextlib.contextmanager
def opened(url, *, clock=None, **options):
    """Give a source and its stream for the length of a `with`."""
    trial = trial_of(url, **options)
    source = PostgresSource(trial.context, clock) if clock else PostgresSource(trial.context)
    try:
        yield source, trial.spec
    finally:
        source.close()


def read_all(source, spec, since=None, *, resumes=False):
    """Return the rows of all splits as one table, and the position after them."""
    chunks, position = [], since
    for split in source.splits(spec, Ask(since, resumes=resumes)):
        got = list(source.read(spec, split, Ask(since)))
        chunks += got
        position = source.advance(position, split, got[-1].after)
    return chunks, position


def rows_of(chunks):
    """Return the rows of chunks as canonical lines."""
    return canonical_rows(pa.Table.from_batches([chunk.rows for chunk in chunks])) if chunks else []


def said_by(db, query, *parameters):
    """Return what the server itself answers, as canonical lines."""
    with db.cursor(row_factory=dict_row) as cursor:
        return canonical_rows(cursor.execute(query, parameters).fetchall())
