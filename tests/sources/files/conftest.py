"""A delivery: a folder of files, a stream over them, and what loading it yields."""

import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from lakesmith.model.streams import Ask, Position, Reject, SourceContext, StreamId, StreamSpec
from lakesmith.sources.files import FilesOptions, FilesSource, FileStreamOptions


@dataclass
class Loaded:
    """What one load yielded."""

    rows: list[tuple] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    counted: int = 0
    origins: list[str] = field(default_factory=list)
    positions: list[Position] = field(default_factory=list)
    chunk_rows: list[int] = field(default_factory=list)
    position: Position | None = None


class Delivery:
    """Files below `root`, read the way a load reads them."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, name: str, content: bytes | str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.stat().st_mtime_ns if path.exists() else 0
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        if path.stat().st_mtime_ns <= before:  # a coarse file clock must not hide a change
            os.utime(path, ns=(before + 1, before + 1))
        return path

    def stream(self, files: str | list[str] = "*.csv", mode: str = "append", **options: object) -> StreamSpec:
        return StreamSpec(
            StreamId("drops", "rows"),
            mode=mode,
            options=FileStreamOptions(files=files, **{"settle_s": 0, "on_broken": "stop", **options}),
            where="lakesmith.yml:7",
        )

    def source(self, *streams: StreamSpec) -> FilesSource:
        return FilesSource(SourceContext("drops", FilesOptions(root=str(self.root)), self.root, streams))

    def load(self, stream: StreamSpec | None = None, since: Position | None = None) -> Loaded:
        stream = stream or self.stream()
        source = self.source(stream)
        loaded = Loaded(position=since)
        for split in source.splits(stream, Ask(since=since)):
            for chunk in source.read(stream, split, Ask(since=since)):
                loaded.columns = chunk.rows.schema.names
                loaded.rows += zip(*(column.to_pylist() for column in chunk.rows.columns), strict=True)
                loaded.rejects += chunk.rejects
                loaded.counted += chunk.counted or 0
                assert chunk.counted == chunk.rows.num_rows + len(chunk.rejects)
                loaded.chunk_rows.append(chunk.rows.num_rows)
                loaded.origins.append(chunk.origin)
                loaded.position = source.advance(loaded.position, split, chunk.after)
                loaded.positions.append(loaded.position)
        return loaded


@pytest.fixture
def delivery(tmp_path: Path) -> Delivery:
    return Delivery(tmp_path)


@pytest.fixture(scope="session")
def test_data() -> Path:
    return Path(os.environ.get("LAKESMITH_TEST_DATA", Path(__file__).parents[4] / "shared" / "data"))
