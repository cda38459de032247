"""A rollback takes back the names that columns were given since, together with rows and position."""

import pytest
from psycopg.rows import dict_row

from lakesmith.host import Host
from lakesmith.lake import Lake
from lakesmith.lake.contents.chronicle import versions_of
from lakesmith.model.streams import SourceContext, StreamId, StreamSpec
from lakesmith.run.load import LoadJob, load_stream
from lakesmith.sources.postgres.source import PostgresSource

STREAM = StreamId("shop", "people")
SWAP = "alter table people rename a to c; alter table people rename b to a; alter table people rename c to b;"


class Shop:
    """A table on the server and in the lake."""

    def __init__(self, root, url, db, mode):
        self.root, self.url, self.db = root, url, db
        options = {} if mode == "replace" else {"cursor": "id"}
        key = ("id",) if mode == "dedupe" else ()
        self.spec = StreamSpec(STREAM, mode=mode, key=key, options=PostgresSource.StreamOptions(**options))
        self.table = Lake(root / "lake", Host()).table(STREAM)

    def load(self):
        source = PostgresSource(SourceContext("shop", PostgresSource.Options(url=self.url), self.root, (self.spec,)))
        try:
            return load_stream(LoadJob(self.spec, source, self.table, Host(), "c"))
        finally:
            source.close()

    def bronze(self):
        read = Lake(self.root / "lake", Host()).open_catalog().load_table(("shop", "people")).scan().to_arrow()
        names = [name for name in read.column_names if not name.startswith("_ls_")]
        return sorted(read.select(names).to_pylist(), key=lambda row: row["id"])

    def there(self):
        with self.db.cursor(row_factory=dict_row) as cursor:
            return cursor.execute("select * from people order by id").fetchall()


@pytest.fixture(params=["dedupe", *(pytest.param(mode, marks=pytest.mark.long) for mode in ("append", "replace"))])
def shop(request, tmp_path, url, db):
    db.execute("create table people (id int primary key, a text, b text); insert into people values (1, 'p', 'q')")
    return Shop(tmp_path, url, db, request.param)


def test_columns_that_changed_places_are_where_the_source_has_them(shop):
    shop.load()
    first = shop.bronze()
    shop.db.execute(f"{SWAP} insert into people values (2, 'r', 's')")
    shop.load()
    assert shop.bronze() == shop.there()
    shop.table.rollback(versions_of(shop.table)[1].snapshot_id)
    assert shop.bronze() == first == [{"id": 1, "a": "p", "b": "q"}]
    shop.load()
    assert shop.bronze() == shop.there() == [{"id": 1, "b": "p", "a": "q"}, {"id": 2, "b": "r", "a": "s"}]
    shop.db.execute("insert into people values (3, 't', 'u')")
    shop.load()
    assert shop.bronze() == shop.there()


def test_a_column_under_a_name_that_is_needed_again_steps_aside(shop):
    shop.load()
    shop.db.execute(
        "alter table people rename a to c; alter table people add a int; insert into people values (2, 'r', 's', 7)"
    )
    shop.load()
    assert shop.bronze() == shop.there()
    shop.table.rollback(versions_of(shop.table)[1].snapshot_id)
    assert shop.bronze() == [{"id": 1, "a": "p", "b": "q", "a__added": None}]
    shop.load()
    aside = {name for name in shop.bronze()[0] if name.endswith("__added")}
    assert len(aside) == 1
    found = [{name: value for name, value in row.items() if name not in aside} for row in shop.bronze()]
    assert found == shop.there()
    assert {row[name] for row in shop.bronze() for name in aside} == {None}


@pytest.mark.long
def test_to_come_back_to_the_later_version_brings_its_names_back(shop):
    shop.load()
    shop.db.execute(f"{SWAP} insert into people values (2, 'r', 's')")
    shop.load()
    later = shop.bronze()
    versions = versions_of(shop.table)
    shop.table.rollback(versions[1].snapshot_id)
    shop.table.rollback(versions[0].snapshot_id)
    assert shop.bronze() == later
