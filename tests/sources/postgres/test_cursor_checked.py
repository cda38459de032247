"""What `check` says of a cursor before a load would stumble over it."""

import dataclasses

import pytest
from reading_tables import trial_of

from lakesmith.sources.postgres import PostgresSource

ASKED = [
    ({"filter": "true) or (true"}, {}, "error", "does not understand the statement"),
    ({}, {"at_": {"mask": "hash"}}, "error", "the cursor `at_` is masked"),
    ({"table": "seen"}, {}, "note", "rows of a view that share the last value"),
    ({}, {}, "note", "all rows of a day share one value of the cursor `at_`"),
]


@pytest.mark.parametrize(("options", "columns", "level", "text"), ASKED)
def test_check_says_what_stands_in_the_way(db, url, options, columns, level, text):
    db.execute("create table t (id int, at_ date not null); create view seen as select * from t")
    context = trial_of(url, mode="append", cursor="at_", **options).context
    stream = dataclasses.replace(context.streams[0], columns=columns)
    source = PostgresSource(dataclasses.replace(context, streams=(stream,)))
    found = [one for one in source.check() if text in one.text]
    source.close()
    assert [one.level for one in found] == [level]
