"""One sentence about a project, the same on the page and in `status`; unknown is never good."""

import json

import pytest
from click.testing import CliRunner

import lakesmith
from lakesmith.cli.main import cli

PROJECT = """version: 1
name: acme
sources:
  crm: {type: files, streams: {people: {files: "*.csv"}, places: {files: "places/*.csv"}}}
"""


@pytest.fixture
def root(tmp_path):
    (tmp_path / "lakesmith.yml").write_text(PROJECT)
    (tmp_path / "a.csv").write_text("id\n1\n")
    (tmp_path / "places").mkdir()
    return tmp_path


def status(root):
    told = CliRunner().invoke(cli, ["status", "--project", str(root), "--json"])
    answer = json.loads(told.stdout)
    return answer["state"], answer["headline"]


def test_nothing_is_known_before_the_first_run(root):
    assert status(root) == ("unknown", "Nothing has run yet, so nothing is known.")


def test_a_stream_that_never_brought_a_row_is_named_and_not_green(root):
    result = lakesmith.open(root).run()
    mood, headline = status(root)
    assert (mood, headline) == ("unknown", "Nothing was ever loaded of crm.places: no file or row was found.")
    assert headline in result.page.read_text()


def test_loaded_and_untested_is_unknown(root):
    (root / "places" / "b.csv").write_text("id\n2\n")
    lakesmith.open(root).run()
    assert status(root) == ("unknown", "Every stream is loaded, no test has run yet.")


def test_a_failed_run_is_bad(root):
    (root / "lakesmith.yml").write_text(PROJECT.replace("places/*.csv", "gone/*.csv"))
    lakesmith.open(root).run()
    mood, headline = status(root)
    assert mood == "bad"
    assert headline.startswith("The last run failed: load:crm.places:")


def test_a_headline_ends_with_one_full_stop(root):
    (root / "lakesmith.yml").write_text(PROJECT.replace('files: "*.csv"', 'files: "*.csv", mode: replace'))
    (root / "places" / "b.csv").write_text("id\n2\n")
    lakesmith.open(root).run()
    (root / "a.csv").unlink()
    lakesmith.open(root).run()
    mood, headline = status(root)
    assert mood == "bad"
    assert headline.endswith("Its table stays as it was.")
