"""A folder of documents, a stream over it, and the rows that reading it yields."""

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from lakesmith.model.streams import Ask, SourceContext, StreamId, StreamSpec
from lakesmith.sources.documents import DocumentsOptions, DocumentsSource, DocumentStreamOptions

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2] / "dbt")]


class Folder:
    """Documents below `root`, read the way a load reads them."""

    def __init__(self, root: Path) -> None:
        self.root, self.position, self.chunks, self.splits = root, None, [], []
        self.spec = StreamSpec(StreamId("inbox", "papers"), options=DocumentStreamOptions(files="**/*"))
        self.source = DocumentsSource(SourceContext("inbox", DocumentsOptions(root=str(root)), root, (self.spec,)))

    def set(self, **options):
        self.spec = replace(self.spec, options=DocumentStreamOptions(**{"files": "**/*", **options}))

    def put(self, name, content):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def load(self):
        """Read what is new; return its rows by path, and remember the position."""
        self.splits = self.source.splits(self.spec, Ask(self.position))
        self.chunks = []
        for split in self.splits:
            chunks = list(self.source.read(self.spec, split, Ask(self.position)))
            self.position = self.source.advance(self.position, split, chunks[-1].after)
            self.chunks += chunks
        rows = [row for chunk in self.chunks for row in chunk.rows.to_pylist()]
        assert len({row["path"] for row in rows}) == len(rows)
        return {row["path"]: row for row in rows}

    def read(self, name, content, **options):
        """Put one document and return its row."""
        self.put(name, content)
        if options:
            self.set(**options)
        return self.load()[name]


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)


@pytest.fixture(scope="session")
def real():
    """The rows of the real documents, and where they are."""
    data = Path(os.environ.get("LAKESMITH_TEST_DATA", Path(__file__).parents[4] / "shared" / "data")) / "documents"
    if not data.is_dir():
        pytest.skip("the real documents are not on this machine")
    return data, Folder(data).load()
