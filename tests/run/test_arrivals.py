"""What a load of files tells besides its rows, and that noting it loses and doubles nothing in a real lake."""

import os
from datetime import date

import pytest
from run_shelf import contents

import lakesmith
from lakesmith.host import Host
from lakesmith.model.streams import SourceContext, StreamId, StreamSpec
from lakesmith.run.load import LoadJob, load_stream
from lakesmith.run.routes import Rebuild
from lakesmith.sources.files import FilesOptions, FilesSource, FileStreamOptions

STREAM = StreamId("shelf", "books")
LONG_AGO = (1_000_000_000, 1_000_000_000)


class Drops:
    """Files below a folder, loaded into the table of the stream."""

    def __init__(self, root, table) -> None:
        self.root, self.table = root, table
        root.mkdir()

    def put(self, name, text, *, fresh=False):
        path = self.root / name
        before = path.stat().st_mtime_ns if path.exists() else 0
        path.write_text(text)
        if not fresh:
            os.utime(path, ns=(max(LONG_AGO[0] * 10**9, before + 1),) * 2)

    def load(self, *, on_drift="evolve", rebuild=None, **options):
        spec = StreamSpec(STREAM, on_drift=on_drift, options=FileStreamOptions(files="*.csv", **options))
        source = FilesSource(SourceContext("shelf", FilesOptions(root=str(self.root)), self.root, (spec,)))
        return load_stream(LoadJob(spec, source, self.table, Host(), "config", rebuild=rebuild, group_bytes=1))


@pytest.fixture
def drops(tmp_path, table):
    return Drops(tmp_path / "drops", table)


def test_a_file_that_vanishes_is_told_once_and_its_rows_stay(drops, lake):
    for name in ("a.csv", "b.csv"):
        drops.put(name, "id\n1\n")
    assert drops.load().notices == ()
    (drops.root / "a.csv").unlink()
    told = drops.load(on_drift="freeze")
    assert told.notices == ("a.csv is not there any more, or empty: what was read of it before stays.",)
    assert [commit.counts.written for commit in told.commits] == [0]
    assert told.drift == ()
    assert drops.load().state == "nothing_new"
    drops.put("a.csv", "id\n1\n2\n")
    assert drops.load().notices == ()
    assert [row["id"] for row in contents(lake)] == [1, 1, 2]


def test_a_rewritten_file_that_is_loaded_again_stands_beside_its_older_version(drops, lake):
    drops.put("a.csv", "id\n1\n")
    drops.load()
    drops.put("a.csv", "id\n7\n8\n")
    told = drops.load(on_rewrite="reload")
    assert [row["id"] for row in contents(lake)] == [1, 7, 8]
    assert "loaded again" in told.notices[0]
    rows = lake.open_catalog().load_table(("shelf", "books")).scan().to_arrow().to_pylist()
    assert len({row["_ls_batch"] for row in rows}) == 2
    assert {row["_ls_source"] for row in rows} == {"a.csv"}


def test_a_half_record_waits_outside_of_the_table_and_of_quarantine(drops, lake):
    drops.put("a.csv", "id,n\n1,2\n3,", fresh=True)
    told = drops.load(settle_s=3600)
    assert "waits for a later run" in told.notices[0]
    assert (told.counts.read, told.counts.quarantined) == (1, 0)
    drops.put("b.csv", "id,n\n9,", fresh=True)
    assert drops.load(settle_s=3600).counts.read == 0
    drops.put("a.csv", "id,n\n1,2\n3,4\n", fresh=True)
    assert drops.load(settle_s=3600).notices == (
        "b.csv may still be written: its last record has no end yet, and waits for a later run.",
    )
    assert [tuple(row.values()) for row in contents(lake)] == [(1, 2), (3, 4)]


def test_the_first_load_of_a_file_that_waits_makes_no_table(drops, lake):
    drops.put("a.csv", "id", fresh=True)
    assert len(drops.load(settle_s=3600).notices) == 1
    assert lake.table(STREAM).head() is None


def test_a_rebuild_since_a_day_keeps_what_vanished_and_the_next_load_tells_it(drops, lake):
    drops.put("a.csv", "id\n1\n")
    drops.put("b.csv", "id\n2\n")
    drops.load()
    (drops.root / "a.csv").unlink()
    drops.put("b.csv", "id\n2\n3\n")
    assert drops.load(rebuild=Rebuild(date(2000, 1, 1))).notices == ()
    assert sorted(row["id"] for row in contents(lake)) == [1, 2, 3]
    assert len(drops.load().notices) == 1
    assert drops.load().state == "nothing_new"


def test_check_says_what_is_gone(tmp_path):
    (tmp_path / "lakesmith.yml").write_text(
        'version: 1\nname: acme\nsources:\n  crm: {type: files, streams: {people: {files: "*.csv"}}}\n'
    )
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("id\n1\n")
    project = lakesmith.open(tmp_path)
    assert project.run().ok
    (tmp_path / "a.csv").unlink()
    for _ in range(2):  # also once a load has told it
        findings = {finding.text: finding.level for finding in lakesmith.open(tmp_path).check()}
        assert findings["1 loaded before and not there any more: a.csv"] == "warning"
        lakesmith.open(tmp_path).run()
