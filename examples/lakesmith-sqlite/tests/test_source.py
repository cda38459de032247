"""What is this connector's own: cursors, and the errors that name them."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from lakesmith.errors import ConnectorOptionsError, SourceDataError, SourceMissingError
from lakesmith.model.streams import Ask, SourceContext, StreamId, StreamSpec

from lakesmith_sqlite import SqliteOptions, SqliteSource, SqliteStreamOptions


def stream(**options: object) -> StreamSpec:
    return StreamSpec(StreamId("shop", "visits"), options=SqliteStreamOptions(**options), where="lakesmith.yml:7")


@pytest.fixture
def shop(tmp_path: Path) -> SqliteSource:
    with closing(sqlite3.connect(tmp_path / "shop.db")) as connection, connection:
        connection.execute(
            "create table visits (nr integer, page text, shout text as (upper(page)), primary key (page)) without rowid"
        )
        connection.executemany(
            "insert into visits values (?, ?)", [(4, "d"), (1, "a"), (1, "b"), (2, "c"), (None, "x"), ("y", "y")]
        )
    streams = (stream(cursor="nr"), stream(), stream(table="no"))
    return SqliteSource(SourceContext("shop", SqliteOptions(path="shop.db"), tmp_path, streams))


def test_rows_that_share_a_cursor_come_in_one_batch(shop: SqliteSource) -> None:
    visits = stream(cursor="nr", batch_rows=1)
    (split,) = shop.splits(visits, Ask())
    chunks = list(shop.read(visits, split, Ask()))
    assert [chunk.rows.to_pydict() for chunk in chunks] == [
        {"nr": [1, 1], "page": ["a", "b"], "shout": ["A", "B"]},
        {"nr": [2], "page": ["c"], "shout": ["C"]},
        {"nr": [4], "page": ["d"], "shout": ["D"]},
    ]
    assert [chunk.after for chunk in chunks] == [b'{"cursor":"nr","last":%d}' % last for last in (1, 2, 4)]
    assert [split.name for split in shop.splits(visits, Ask(chunks[0].after))] == ["nr 2..4"]


def test_check_names_the_rows_that_no_load_will_see(shop: SqliteSource) -> None:
    assert [(finding.level, finding.text) for finding in shop.check()] == [
        ("ok", "6 rows"),
        ("warning", "2 rows have no integer in `nr` and are never read"),
        ("error", "The table `visits` has no column `rowid` to read on from."),
        ("error", "The database has no table `no`."),
    ]


def test_another_cursor_does_not_go_on_from_the_old_one(shop: SqliteSource) -> None:
    with pytest.raises(
        ConnectorOptionsError, match=r"read by the cursor `id`.*\n  where: lakesmith.yml:7\n  fix: .*rebuild"
    ):
        shop.splits(stream(cursor="nr"), Ask(b'{"cursor":"id","last":3}'))


@pytest.mark.parametrize(("content", "kind"), [(None, SourceMissingError), (b"plain text " * 99, SourceDataError)])
def test_a_file_that_is_no_database_is_named(
    shop: SqliteSource, tmp_path: Path, content: bytes | None, kind: type
) -> None:
    (tmp_path / "shop.db").unlink()
    if content is not None:
        (tmp_path / "shop.db").write_bytes(content)
    with pytest.raises(kind, match=r"database.*\n  where: .*shop.db \(lakesmith.yml:7\)\n  fix: "):
        shop.splits(stream(cursor="nr"), Ask())
