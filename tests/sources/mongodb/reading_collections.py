"""A source over a database, read and loaded as a run does, and loads of a stream one after the other."""

import contextlib
from dataclasses import replace
from pathlib import Path

from lakesmith.host import Host
from lakesmith.model.streams import Ask, SourceContext, StreamId, StreamSpec
from lakesmith.run.load import LoadJob, load_stream
from lakesmith.run.routes import Rebuild
from lakesmith.sources.mongodb import MongoSource
from lakesmith.sources.mongodb.reading.crew import Crew
from lakesmith.testing.trial import EACH_SPLIT, Trial

CREW = Crew(2)
"""Workers that all tests of a process share: starting one takes longer than most tests."""


class SharedSource(MongoSource):
    """The source as it is, with those workers."""

    def __init__(self, context):
        super().__init__(context)
        self._crew = CREW

    def close(self):
        self._crew = None
        super().close()


def trial_of(
    url, folder=Path(), *, mode="replace", key=(), name="t", history=False, source=None, kind=SharedSource, **options
):
    """Return a trial of one stream; `source` holds options of the source, the others are the stream's."""
    spec = StreamSpec(
        StreamId("shop", name),
        mode=mode,
        key=key,
        history=history,
        options=MongoSource.StreamOptions(**options),
        where="lakesmith.yml:9",
    )
    made = MongoSource.Options(**{"url": url, "workers": 1, **(source or {})})
    return Trial(kind, SourceContext("shop", made, folder, (spec,), "lakesmith.yml:5"), folder / ".lakes")


@contextlib.contextmanager
def opened(url, **options):
    """Give a source and its stream for the length of a `with`."""
    trial = trial_of(url, **options)
    with trial.opened() as source:
        yield source, trial.spec


def read_all(source, spec, since=None):
    """Return the chunks of all splits, and the position after them."""
    chunks, position = [], since
    for split in source.splits(spec, Ask(since)):
        got = list(source.read(spec, split, Ask(since)))
        chunks += got
        position = source.advance(position, split, got[-1].after)
    return chunks, position


def rows_of(chunks):
    """Return the rows of chunks as Python values."""
    return [row for chunk in chunks for row in chunk.rows.to_pylist()]


class Reading:
    """Loads one after the other by one source: what each of them brought, and where the stream is."""

    def __init__(self, source, spec):
        self.source, self.spec, self.position = source, spec, None

    def __call__(self, **changed):
        """Read what is new; `changed` are options of the stream that are other ones from now on. Return the `_id`s."""
        if changed:
            self.spec = replace(self.spec, options=self.spec.options.model_copy(update=changed))
        self.source._known.clear()  # as in another run
        chunks, self.position = read_all(self.source, self.spec, self.position)
        for chunk in chunks:
            assert chunk.counted == chunk.rows.num_rows + len(chunk.rejects) + chunk.held
        self.held = sum(chunk.held for chunk in chunks)
        self.notices = [notice for chunk in chunks for notice in chunk.notices]
        self.rows = rows_of(chunks)
        return sorted((row["_id"] for row in self.rows), key=str)


class Rebuilding(Trial):
    """A trial each of whose loads is a rebuild."""

    __slots__ = ()

    def load(self, name="lake"):
        """Load everything anew into the lake of that name, aside."""
        table = self.lake(name).table(self.spec.id)
        with self.opened() as source:
            job = LoadJob(self.spec, source, table, Host(), group_bytes=EACH_SPLIT, rebuild=Rebuild())
            return load_stream(job)
