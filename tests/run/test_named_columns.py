"""A key, a mask or a pin on a column that the stream never had is refused before anything is loaded."""

import pytest

import lakesmith
from lakesmith.errors import ProjectFileError

PROJECT = """version: 1
name: acme
sources:
  crm:
    type: files
    streams:
      people:
        files: "*.csv"
        {settings}
"""


@pytest.fixture
def write(tmp_path):
    def write(settings, **files):
        (tmp_path / "lakesmith.yml").write_text(PROJECT.format(settings=settings))
        for name, text in files.items():
            (tmp_path / f"{name}.csv").write_text(text)
        return tmp_path

    return write


@pytest.mark.few(1)
@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (
            "columns: {emial: {mask: hash}}",
            r"no column 'emial', which `columns:` names.*\n.*lakesmith\.yml:7\n.*did you mean email",
        ),
        ("columns: {zzz: {type: string}}", r"no column 'zzz'.*(?s:.*)the stream has Email, id"),
        ("{mode: dedupe, key: ident}", r"no column 'ident', which `key:` names"),
    ],
)
def test_a_slip_of_the_pen_loads_nothing(write, settings, told):
    root = write(settings.strip("{}") if settings.startswith("{mode") else settings, a="id,Email\n1,ann@x.example\n")
    if settings.startswith("{mode"):
        text = (
            (root / "lakesmith.yml").read_text().replace("mode: dedupe, key: ident", "mode: dedupe\n        key: ident")
        )
        (root / "lakesmith.yml").write_text(text)
    result = lakesmith.open(root).run()
    assert result.outcome.steps["load:crm.people"] == "failed"
    with pytest.raises(ProjectFileError, match=told):
        raise result.outcome.errors[0][1]
    assert not list((root / "lake").rglob("*.metadata.json"))


@pytest.mark.parametrize("name", ["Email", pytest.param("email", marks=pytest.mark.long)])
def test_a_column_may_be_named_as_the_source_does_or_as_bronze_does(write, name):
    root = write(f"columns: {{{name}: {{mask: hash}}}}", a="id,Email\n1,ann@x.example\n")
    project = lakesmith.open(root)
    assert project.run().ok
    [row] = project.query("select email from bronze_crm.people", build=True).read_all().to_pylist()
    assert len(row["email"]) == 64


def test_a_column_that_is_no_longer_sent_may_still_be_named(write):
    root = write("columns: {email: {mask: hash}}", a="id,email\n1,ann@x.example\n")
    assert lakesmith.open(root).run().ok
    (root / "b.csv").write_text("id\n2\n")
    assert lakesmith.open(root).run().ok


def test_a_dropped_column_is_known_although_bronze_has_none_of_it(write):
    root = write("columns: {email: {mask: drop}}", a="id,email\n1,ann@x.example\n")
    project = lakesmith.open(root)
    assert project.run().ok
    names = project.query("select * from bronze_crm.people", build=True).schema.names
    assert "id" in names
    assert "email" not in names
