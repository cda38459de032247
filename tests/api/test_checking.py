"""What `check` says ahead of a load."""

import pytest

import lakesmith

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
    assert "types after 200 rows: long: name, age" in texts
    assert "age: 199 of 200 values are long; the other (1 × `n/a`) would land in age__string" in texts


def test_programs_are_told_of_all_columns(root):
    (finding,) = [finding for finding in lakesmith.open(root).check() if finding.facts]
    counted = {
        column["name"]: (column["type"], column["values"], column["placeholders"])
        for column in finding.facts["columns"]
    }
    assert counted == {"name": ("long", 200, {}), "age": ("long", 200, {"n/a": 1})}


def test_pinned_columns_are_no_guess(root):
    (root / "lakesmith.yml").write_text(PROJECT.replace('"*.csv"}', '"*.csv", columns: {age: {type: string}}}'))
    assert "types after 200 rows: long: name" in told(lakesmith.open(root))


def test_many_mixed_columns_are_counted_and_those_that_ask_are_all_shown(root):
    header = ",".join([*(f"day{n}" for n in range(8)), *(f"mix{n}" for n in range(9))])
    rows = "".join(",".join(["3/4/2024"] * 8 + [str(n) if n % 2 else f"x{n}"] * 9) + "\n" for n in range(20))
    (root / "a.csv").write_text(f"{header}\n{rows}")
    findings = lakesmith.open(root).check()
    asking = [finding.text.split(":")[0] for finding in findings if finding.level == "warning"]
    assert asking == [f"day{n}" for n in range(8)]
    assert "9 more columns are mixed; `lakesmith check --json` counts all" in [finding.text for finding in findings]


def test_what_is_said_of_a_stream_stands_together_and_one_that_fails_hides_no_other(root):
    (root / "b.xlsx").write_bytes(b"no workbook")
    streams = '{bad: {files: "b.xlsx"}, people: {files: "*.csv"}}'
    (root / "lakesmith.yml").write_text(PROJECT.replace('{people: {files: "*.csv"}}', streams))
    findings = lakesmith.open(root).check()
    subjects = [finding.subject for finding in findings]
    assert subjects == sorted(subjects, key=list(dict.fromkeys(subjects)).index)
    assert "types after 200 rows: long: name, age" in [f.text for f in findings if f.subject == "crm.people"]
    assert [f.level for f in findings if f.subject == "crm.bad"].count("error") == 1


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
