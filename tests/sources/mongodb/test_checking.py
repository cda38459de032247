"""What `check` says before anything is loaded, and which collections a pattern takes in."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from mongo_server import free_port
from reading_collections import trial_of

from lakesmith.errors import ConnectorOptionsError
from lakesmith.model.streams import Ask
from lakesmith.sources.mongodb import MongoSource
from lakesmith.sources.mongodb.discovering import name_of

AT = datetime(2026, 1, 1, tzinfo=UTC)


def checked(url, **options):
    trial = trial_of(url, **options)
    with trial.opened() as source:
        return [(finding.level, finding.text, finding.fix) for finding in source.check()]


def test_a_stream_with_a_cursor(db, url):
    db.t.insert_many([{"_id": n, "at": AT, "x": n if n % 2 else str(n), "only": None} for n in range(20)])
    db.t.insert_one({"_id": 99})
    found = checked(url, mode="append", cursor="at")
    assert found[0][:2] == ("ok", f"MongoDB 8.2.11 at {url.split('/')[2]}/{db.name}")
    assert found[1][0] == "ok"
    assert "collection `t`, about 21 documents" in found[1][1]
    assert "above the last `at`; it never sees deletes" in found[1][1]
    levels = {text: (level, fix) for level, text, fix in found}
    (mixed,) = [text for text in levels if "several types" in text]
    assert "`x` (" in mixed
    assert "`only`" not in mixed
    assert ("warning", "1 documents have no value of type date in `at`: they are never read") in [
        one[:2] for one in found
    ]
    (slow,) = [text for text in levels if "COLLSCAN" in text]
    assert levels[slow] == ("warning", "let its owner run: db.t.createIndex({at: 1})")
    db.t.create_index("at")
    assert not [text for _, text, _ in checked(url, mode="append", cursor="at") if "COLLSCAN" in text]


def test_faults_are_findings_and_every_stream_is_looked_at(db, url):
    db.t.insert_one({"_id": 1, "at": AT})
    trial = trial_of(url, mode="append", cursor="at", look_back=5)
    spec = trial.spec
    gone = replace(spec, id=replace(spec.id, name="gone"))
    context = replace(trial.context, streams=(gone, spec))
    source = MongoSource(context)
    found = [(finding.level, finding.subject) for finding in source.check()]
    source.close()
    assert ("error", "shop.gone") in found
    assert ("error", "shop.t") in found


def test_no_server_is_one_finding():
    found = checked(f"mongodb://me:hush-hush@127.0.0.1:{free_port()}/db", source={"connect_timeout_s": 1})
    assert [level for level, *_ in found] == ["error"]
    assert "hush" not in str(found)


def test_what_a_pattern_takes_in(db, url):
    for name in ("orders", "Order Lines", "log_old", "t"):
        db[name].insert_one({"_id": 1, "pad": "x" * len(name) * 100})
    db.create_collection("recent", viewOn="orders", pipeline=[])
    options = {"source": {"include": "*", "exclude": "log_*"}}
    trial = trial_of(url, **options)
    with trial.opened() as source:
        found = {one.name: (dict(one.said), one.size_bytes is None) for one in source.discover()}
        told = " ".join(finding.text for finding in source.check())
    lines = name_of("Order Lines")
    assert found == {
        lines: ({"collection": "Order Lines", "mode": "replace"}, False),
        "orders": ({"mode": "replace"}, False),
        "recent": ({"mode": "replace"}, True),
    }
    assert "`include` takes in 4 collections" in told
    assert "view `recent`: of no known size; not a stream yet" in told
    with (
        trial_of(url, name="orders", collection="t", **options).opened() as source,
        pytest.raises(ConnectorOptionsError, match="stream of that name reads another one"),
    ):
        source.discover()


def test_masks(db, url):
    db.t.insert_many([{"_id": n, "at": AT, "mail": "a@b"} for n in range(3)])
    trial = trial_of(url, mode="append", cursor="at")
    spec = replace(trial.spec, columns={"at": {"mask": "hash"}})
    source = MongoSource(replace(trial.context, streams=(spec,)))
    with pytest.raises(ConnectorOptionsError, match="masked"):
        source.splits(spec, Ask())
    source.close()
