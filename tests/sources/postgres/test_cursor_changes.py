"""What changes between two loads along a cursor: options, the cursor's column, partitions. Nothing is lost or doubled without a word."""

import json

import pytest
from cursor_loads import Reading
from reading_tables import said_by

from lakesmith.errors import ConnectorOptionsError, SourceDataError

START = "timestamptz '2026-01-01 00:00Z'"
TIES = "create table t (id int, at_ date, note text); insert into t select i, '2026-01-01', 'x' from generate_series(1, 9) i"
NUMBERS = "create table t (id int, note text); insert into t select i, 'x' from generate_series(1, 100) i"


@pytest.mark.few(1)
@pytest.mark.parametrize("shown", [{"exclude": ["note"]}, {"select": ["id", "at_"]}, {"exclude": ["at_"]}])
def test_fewer_columns_double_no_tie(db, url, shown):
    db.execute(TIES)
    load = Reading(url, mode="append", cursor="at_")
    assert len(load()) == 9
    load.options |= shown
    db.execute("insert into t values (10, '2026-01-01', 'late')")
    assert (len(load()), load.held) == (1, 9)
    assert load() == []


def test_cursor_that_is_not_read_still_tells_rows_apart(db, url):
    db.execute("create table t (n int, note text); insert into t values (1, 'x'), (9, 'y')")
    load = Reading(url, mode="append", cursor="n", look_back=10, exclude=["n"])
    load()
    load.options["look_back"] = 1
    db.execute("insert into t values (9, 'x')")
    assert (len(load()), load.held) == (1, 2)


def test_looking_further_back_doubles_nothing_and_is_told(db, url):
    db.execute(NUMBERS)
    load = Reading(url, mode="append", cursor="id", look_back=5)
    load()
    load.options["look_back"] = 20
    assert load() == []
    db.execute("insert into t values (101, 'new')")
    assert load() == said_by(db, "select * from t where id = 101")
    (notice,) = load.notices
    assert "looks further back from this load on" in notice
    assert "lakesmith rebuild shop.t" in notice
    db.execute("insert into t values (85, 'late')")
    assert load() == said_by(db, "select * from t where note = 'late'")
    assert load.notices == []


def test_dedupe_that_looks_further_back_reads_what_came_late(db, url):
    db.execute(f"{NUMBERS}; alter table t add primary key (id); delete from t where id = 85")
    load = Reading(url, mode="dedupe", key=("id",), cursor="id")
    load()
    db.execute("insert into t values (85, 'late')")
    load.options["look_back"] = 20
    assert load() == said_by(db, "select * from t where id between 80 and 99")
    assert load() == []


def test_position_without_a_reach_is_of_the_same_look_back(db, url):
    db.execute(NUMBERS)
    load = Reading(url, mode="append", cursor="id", look_back=5)
    load()
    plain = json.loads(load.position)
    for key in ("attnum", "type", "reach", "filter", "leaves", "large", "salt"):
        del plain["cursor"][key]
    load.position = json.dumps(plain).encode()
    db.execute("insert into t values (97, 'late'), (101, 'new')")
    assert load() == said_by(db, "select * from t where note <> 'x'")
    db.execute("alter table t alter id type text")
    load.position = json.dumps(plain).encode()
    load.options["look_back"] = None
    with pytest.raises(SourceDataError, match="was a integer and is a text now"):
        load()


OTHER_TYPES = [
    ("bigint", "text", ""),
    ("timestamp", "timestamptz", "using c at time zone 'Europe/Berlin'"),
    ("timestamptz", "timestamptz(0)", ""),
    ("int", "numeric(9,2)", ""),
]


@pytest.mark.few(3)
@pytest.mark.parametrize(("before", "after", "using"), OTHER_TYPES)
@pytest.mark.parametrize("mode", ["append", "dedupe"])
def test_cursor_of_another_type_is_refused(db, url, before, after, using, mode):
    value = "i" if "int" in before else f"{START} + i * interval '1 min'"
    db.execute(
        f"create table t (id int primary key, c {before}); insert into t select i, {value} from generate_series(1, 9) i"
    )
    load = Reading(url, mode=mode, key=("id",), cursor="c")
    load()
    db.execute(f"alter table t alter c type {after} {using}")
    with pytest.raises(SourceDataError, match="its last value says nothing about these") as caught:
        load()
    assert caught.value.fix == "load everything anew: lakesmith rebuild shop.t"


@pytest.mark.few(1)
@pytest.mark.parametrize(("before", "after"), [("int", "bigint"), ("varchar(5)", "text"), ("numeric(5,2)", "numeric")])
def test_cursor_of_a_wider_type_goes_on(db, url, before, after):
    db.execute(f"create table t (c {before}); insert into t values ('1'), ('2')")
    load = Reading(url, mode="append", cursor="c")
    load()
    db.execute(f"alter table t alter c type {after}; insert into t values ('3')")
    assert load() == said_by(db, f"select * from t where c = '3'::{after}")
    assert load() == []


def test_another_column_of_the_cursors_name_is_refused(db, url):
    db.execute("create table t (id int, c int); insert into t values (1, 10)")
    load = Reading(url, mode="append", cursor="c")
    load()
    db.execute("alter table t rename c to old; alter table t add c int; insert into t values (2, 20, 5)")
    with pytest.raises(SourceDataError, match="another column than the one of that name"):
        load()
    load.options["cursor"] = "old"
    assert load() == said_by(db, "select * from t where id = 2")


@pytest.mark.parametrize("now", [None, "id > 0"])
def test_another_filter_is_refused(db, url, now):
    db.execute(NUMBERS)
    load = Reading(url, mode="append", cursor="id", filter="id % 2 = 0")
    load()
    load.options["filter"] = now
    with pytest.raises(ConnectorOptionsError, match=r"The filter of .* changed"):
        load()
    load.options["filter"] = "id\n  % 2 = 0"
    assert load() == []


PARTED = """
create table t (id int, at_ int, primary key (id, at_)) partition by list (id);
create table t1 partition of t for values in (1); insert into t values (1, 100);
"""
ATTACHED = "create table t2 (id int not null, at_ int not null); insert into t2 values (2, 5), (2, 700); alter table t attach partition t2 for values in (2)"


def test_partition_with_old_rows_is_refused_where_it_could_double(db, url):
    db.execute(PARTED)
    load = Reading(url, mode="append", cursor="at_")
    load()
    db.execute("create table t3 partition of t for values in (3); insert into t values (3, 101)")
    assert load() == said_by(db, "select * from t where id = 3")
    db.execute(ATTACHED)
    with pytest.raises(SourceDataError, match=r"Partitions came to public\.t with rows before"):
        load()


@pytest.mark.parametrize("key", [("id", "at_"), ("id",)])
def test_partition_with_old_rows_is_read_where_it_cannot(db, url, key):
    db.execute(PARTED)
    load = Reading(url, mode="dedupe", key=key, cursor="at_")
    load()
    db.execute(ATTACHED)
    if key == ("id",):
        with pytest.raises(SourceDataError, match="Partitions came to"):
            load()
        return
    assert load() == said_by(db, "select * from t where id = 2")
    assert load() == []


def test_table_that_begins_to_inherit_is_refused(db, url):
    db.execute("create table t (id int); insert into t values (7)")
    load = Reading(url, mode="append", cursor="id")
    load()
    db.execute("create table child (id int); insert into child values (3); alter table child inherit t")
    with pytest.raises(SourceDataError, match="Partitions came"):
        load()
