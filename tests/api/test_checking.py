"""What `check` says ahead of a load, and what a target cannot do yet."""

import pytest

import lakesmith
from lakesmith.errors import ProjectFileError

PROJECT = """version: 1
name: acme
sources:
  crm: {type: files, streams: {people: {files: "*.csv"}}}
"""


@pytest.fixture
def root(tmp_path):
    (tmp_path / "lakesmith.yml").write_text(PROJECT)
    rows = "".join(f"{n},{'n/a' if n == 7 else n * 2}\n" for n in range(200))
    (tmp_path / "a.csv").write_text(f"name,age\n{rows}")
    return tmp_path


def told(project):
    return [finding.text for finding in project.check()]


def test_types_and_misfits_are_told_before_the_first_load(root):
    texts = told(lakesmith.open(root))
    assert "types after 200 rows: name long, age long" in texts
    assert "age: 199 of 200 values are long, 1 go to age__string" in texts


def test_nothing_is_told_about_types_that_are_settled(root):
    project = lakesmith.open(root)
    project.run()
    assert not [text for text in told(project) if text.startswith("types after")]


def test_what_is_told_is_what_happens(root):
    project = lakesmith.open(root)
    project.run()
    rows = project.query("select age, age__string from bronze_crm.people where name = 7", build=True).read_all()
    assert rows.to_pylist() == [{"age": None, "age__string": "n/a"}]


def test_a_project_without_streams_is_told_where_to_begin(root):
    (root / "lakesmith.yml").write_text("version: 1\nname: acme\n")
    assert "no stream is described yet" in told(lakesmith.open(root))


@pytest.mark.parametrize(("key", "setting"), [("sample", "sample: 30d")])
def test_what_a_target_cannot_do_yet_is_refused_and_not_ignored(root, key, setting):
    (root / "lakesmith.yml").write_text(f"{PROJECT}targets:\n  far: {{{setting}}}\n")
    project = lakesmith.open(root, target="far")
    with pytest.raises(ProjectFileError, match=rf"(?s)'far' asks for `{key}:`.*lakesmith\.yml:6"):
        project.run()
    assert not (root / "s3:").exists()
