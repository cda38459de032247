"""What a source says besides its records: kept with the load, and shown on the page."""

from contextlib import closing

import lakesmith
from lakesmith.host import Host
from lakesmith.monitor.reading import History
from lakesmith.monitor.store import RunStore

PROJECT = """version: 1
name: acme
sources:
  crm: {type: files, streams: {people: {files: "*.csv", settle_s: 0}}}
"""
SAID = "b.csv is not there any more, or empty: what was read of it before stays."


def told(root):
    host = Host()
    with closing(RunStore.at(root / ".lakesmith" / "runs.db", host=host)) as store:
        return [load.notices for load in History(store, now=host.clock.now()).loads()]


def test_a_file_that_vanished_is_on_record_and_on_the_page_once(tmp_path):
    (tmp_path / "lakesmith.yml").write_text(PROJECT)
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text("id\n1\n")
    project = lakesmith.open(tmp_path)
    project.run()
    assert told(tmp_path) == [()]
    assert SAID not in project.page.read_text()
    (tmp_path / "b.csv").unlink()
    project.run()
    (tmp_path / "a.csv").write_text("id\n1\n2\n")
    project.run()
    assert told(tmp_path) == [(), (SAID,), ()], "newest first; it is said once"
    assert project.page.read_text().count(SAID) == 1
