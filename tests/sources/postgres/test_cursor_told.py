"""What tells rows of the window apart: what is written anew without a change is no new row, and nothing private is kept."""

import json
import tracemalloc

import pytest
from cursor_loads import Reading
from reading_tables import opened, said_by

from lakesmith.errors import ConnectorOptionsError, SourceDataError
from lakesmith.model.streams import Ask

MASKED = {"email": {"mask": "hash"}}


@pytest.mark.parametrize("labelled", ["mood", "mood[]"])
def test_label_that_is_renamed_doubles_nothing(db, url, labelled):
    value = "'a'" if labelled == "mood" else "'{a}'"
    db.execute(f"create type mood as enum ('a', 'b'); create table t (id int primary key, day date, m {labelled})")
    db.execute(f"insert into t select i, '2026-01-01', {value} from generate_series(1, 5) i")
    load = Reading(url, mode="append", cursor="day")
    load()
    db.execute("alter type mood add value 'c' before 'a'; insert into t (id, day) values (6, '2026-01-01')")
    assert load() == said_by(db, "select * from t where id = 6")
    db.execute("alter type mood rename value 'a' to 'aa'")
    assert load() == []
    db.execute("insert into t (id, day) values (7, '2026-01-01')")
    with pytest.raises(SourceDataError, match="a column changed that told them apart"):
        load()


def test_generated_column_of_another_expression_doubles_nothing(db, url):
    if db.info.server_version < 180_000:
        pytest.skip("no virtual columns")
    db.execute(
        "create table t (id int, more int, g int generated always as (id * 2) virtual); insert into t values (1), (2)"
    )
    load = Reading(url, mode="append", cursor="id")
    load()
    db.execute("alter table t rename id to number; alter table t rename number to id")
    assert load() == []
    db.execute("alter table t alter g set expression as (id * 5); insert into t values (3)")
    assert load() == said_by(db, "select * from t where id = 3")


@pytest.mark.few(1)
@pytest.mark.parametrize("volatile", ["clock_timestamp()", "now()", "random()"])
def test_view_whose_rows_are_never_the_same_is_refused(db, url, volatile):
    db.execute(
        f"create table b (id int, at_ date); insert into b values (1, '2026-01-01'); create view t as select *, {volatile} as looked from b"
    )
    load = Reading(url, mode="append", cursor="at_")
    with pytest.raises(SourceDataError, match="other ones each time they are read"):
        load()
    load.options["exclude"] = ["looked"]
    assert len(load()) == 1
    assert load() == []


def test_masked_cursor_is_refused(db, url):
    db.execute('create table t (id int, "eMail" text)')
    load = Reading(url, columns={"e_mail": {"mask": "hash"}}, mode="append", cursor="eMail")
    with pytest.raises(ConnectorOptionsError, match="is masked, and a position keeps its last value in clear"):
        load()


def test_masked_values_are_not_part_of_what_is_kept(db, url):
    db.execute(
        "create table t (id int primary key, n int, email text); insert into t values (1, 1, 'a@x'), (2, 1, 'b@x')"
    )
    load = Reading(url, columns=MASKED, mode="append", cursor="n")
    load()
    place = json.loads(load.position)["cursor"]
    assert (place["told_by"], place["salt"]) == (["1 integer", "2 integer"], "")
    db.execute("insert into t values (3, 1, 'a@x')")
    assert load() == said_by(db, "select * from t where id = 3")


def test_masked_values_that_tell_rows_apart_are_salted(db, url):
    db.execute("create table t (n int, email text); insert into t values (1, 'a@x'), (1, 'b@x')")
    places = []
    for _ in range(2):
        load = Reading(url, columns=MASKED, mode="append", cursor="n")
        load()
        places.append(json.loads(load.position)["cursor"])
    assert all(len(place["salt"]) == 32 for place in places)
    assert not set(places[0]["held"]) & set(places[1]["held"])
    assert not set(places[0]["sums"]) & set(places[1]["sums"])
    db.execute("insert into t values (1, 'c@x')")
    assert load() == said_by(db, "select * from t where email = 'c@x'")
    db.execute("alter table t alter email type varchar(9)")
    assert load() == []


@pytest.mark.long
def test_plan_of_a_grown_window_fetches_no_more_than_is_held(db, url):
    db.execute("create table t (id int, day date); insert into t select i, '2026-01-01' from generate_series(1, 10) i")
    load = Reading(url, mode="append", cursor="day")
    load()
    db.execute("insert into t select i, '2026-01-01' from generate_series(11, 50000) i")
    with opened(url, **load.options) as (source, spec):
        source.splits(spec, Ask())
        tracemalloc.start()
        source.splits(spec, Ask(load.position))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 2_000_000
    assert (len(load()), load.held) == (49_990, 10)


LARGE = [
    ("bytea", "decode(repeat('ab', {}), 'hex')"),
    ("text", "repeat('ä', {})"),
    ("jsonb", "to_jsonb(repeat('x', {}))"),
]


@pytest.mark.few(1)
@pytest.mark.parametrize(("kind", "value"), LARGE)
def test_large_values_are_told_apart_by_their_hashes(db, url, kind, value):
    db.execute(f"create table t (id int, n int, big {kind}); insert into t values (1, 1, {value.format(1_200_000)})")
    load = Reading(url, mode="append", cursor="n")
    load()
    assert load() == []
    db.execute(f"insert into t values (1, 1, {value.format(1_200_001)})")
    assert (len(load()), load.held) == (1, 1)


@pytest.mark.long
def test_value_too_large_for_a_text_of_the_server(db, url):
    db.execute("create table t (id int, big bytea); insert into t values (1, decode(repeat('ab', 530000000), 'hex'))")
    load = Reading(url, mode="append", cursor="id", exclude=[])
    with opened(url, **load.options) as (source, spec):
        (split,) = source.splits(spec, Ask())
        *_, last = source.read(spec, split, Ask())
    assert len(json.loads(last.after)["cursor"]["held"]) == 1
