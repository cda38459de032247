"""Pinned schemas and renames on real projects that build nothing."""

import polars as pl
import pytest
from pyiceberg.catalog import Catalog

import lakesmith
from lakesmith.errors import DriftRefusedError, ProjectFileError, TooManyRejectsError, UsageError
from lakesmith.model.streams import StreamId
from lakesmith.run.renames import lines_naming

STREAM = StreamId("shop", "people")
PROJECT = "version: 1\nname: acme\nsources:\n  shop:\n    type: files\n    root: data\n    streams:\n      people: {}\n"
PIN = "schemas/shop.people.yml"


class Shop:
    """A project that loads files of people."""

    def __init__(self, root):
        self.root = root
        (root / "data").mkdir(parents=True)
        self.say()

    def say(self, settings="{files: '*.csv'}"):
        (self.root / "lakesmith.yml").write_text(PROJECT.replace("{}", settings))
        return self

    def put(self, name, text):
        (self.root / "data" / name).write_text(text)
        return self

    @property
    def project(self):
        return lakesmith.open(self.root)

    def run(self):
        return self.project.run()

    def load(self):
        result = self.run()
        assert result.ok, result.outcome.errors
        return result.outcome.loads[0].drift if result.outcome.loads else ()

    def error(self):
        ((_, error),) = self.run().outcome.errors
        return error

    def bronze(self):
        """Return the rows as PyIceberg reads them, by its own reading of field ids."""
        catalog: Catalog = self.project._shop.lake.open_catalog()
        frame = pl.from_arrow(catalog.load_table(("shop", "people")).scan().to_arrow())
        return frame.sort("_ls_seq").select(pl.exclude("^_ls_.*$")).to_dicts()

    def findings(self):
        return [(f.level, f.text) for f in self.project.check() if f.subject == "shop.people" and "csv" not in f.text]


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path / "shop")


FROZEN = "{files: '*.csv', on_drift: freeze}"


def test_without_a_pin_the_table_counts_and_check_says_so(shop):
    shop.say(FROZEN).put("1.csv", "id,mail\n1,a\n").load()
    texts = [text for _, text in shop.findings()]
    assert "on_drift is freeze" in texts
    assert "has no pinned schema: the table as it is counts for freeze" in texts
    error = shop.put("2.csv", "id,mail,phone\n2,b,3\n").error()
    assert isinstance(error, DriftRefusedError)
    assert (
        "`lakesmith drift pin shop.people` writes today's schema down: change phone there, or set `on_drift: evolve`"
        in error.fix
    )


def test_a_pin_is_judged_and_the_error_names_file_line_column_and_both_ways_out(shop):
    shop.say(FROZEN).put("1.csv", "ID,mail\n1,a\n").load()
    path, written = shop.project.pin_schema("shop.people")
    assert (path.relative_to(shop.root).as_posix(), written) == (PIN, True)
    assert path.read_text().splitlines()[2:] == [
        "columns:",
        "  id: {type: long, source_name: ID}",
        "  mail: {type: string}",
    ]
    assert shop.project.pin_schema("shop.people")[1] is False
    error = shop.put("2.csv", "ID,mail,phone\n2,b,3\n").error()
    assert (error.what.split(":")[1], error.where) == (
        " phone was not there, and is long. Nothing was loaded.",
        f"stream shop.people, column phone ({PIN})",
    )
    assert error.fix == f"write phone into {PIN}, or set `on_drift: evolve` for this column or stream, and run again"
    error = shop.put("2.csv", "ID,mail\nx,b\n").error()
    assert error.where == f"stream shop.people, column id ({PIN}:4)"
    assert "id was long, and is string" in error.what
    error = shop.put("2.csv", "ID\n2\n").error()
    assert error.where == f"stream shop.people, column mail ({PIN}:5)"
    assert error.fix.startswith(f"take mail out of {PIN}, or")
    assert shop.bronze() == [{"id": 1, "mail": "a"}]


@pytest.mark.long
def test_agreeing_in_the_pin_lets_the_load_through(shop):
    shop.say(FROZEN).put("1.csv", "id,mail\n1,a\n").load()
    shop.project.pin_schema("shop.people")
    with (shop.root / PIN).open("a") as pin:
        pin.write("  phone: string\n")
    assert ("note", f"{PIN}: phone (string) is pinned and not in the table yet") in shop.findings()
    drift = shop.put("2.csv", "id,mail,phone\n2,b,0049\n").load()
    assert [(d.kind, d.column, d.outcome) for d in drift] == [("column_added", "phone", "added")]
    assert shop.bronze() == [{"id": 1, "mail": "a", "phone": None}, {"id": 2, "mail": "b", "phone": "0049"}]
    assert shop.put("3.csv", "id,mail,phone\n3,c,\n").load() == ()


@pytest.mark.long
def test_the_pin_is_the_shape_of_a_first_load(shop):
    (shop.root / "schemas").mkdir()
    (shop.root / PIN).write_text("columns:\n  id: long\n  mail: string\n  since: date\n")
    error = shop.say(FROZEN).put("1.csv", "id,mail\n1,7\n").error()
    assert error.where == f"stream shop.people, column since ({PIN}:4)"
    shop.put("1.csv", "id,mail,since\n1,7,2026-10-01\n").load()
    assert [str(row["mail"]) for row in shop.bronze()] == ["7"]
    assert shop.bronze()[0]["mail"] == "7"


@pytest.mark.long
def test_a_type_the_table_cannot_take_is_a_fault_of_the_pin(shop):
    shop.put("1.csv", "id,mail\n1,a\n").load()
    (shop.root / "schemas").mkdir()
    (shop.root / PIN).write_text("columns:\n  id: int\n  mail: string\n")
    assert [level for level, text in shop.findings() if "is not used" in text] == ["warning"]
    error = shop.say(FROZEN).put("2.csv", "id,mail\n2,b\n").error()
    assert isinstance(error, ProjectFileError)
    assert (error.where, error.what.split(":")[0]) == (f"{PIN}:2", "id is pinned as int, but the table has long")
    with pytest.raises(UsageError, match=r"schemas/shop\.people\.yml is there already"):
        shop.project.pin_schema("shop.people")
    assert shop.project.pin_schema("shop.people", replace=True)[1]
    shop.load()


@pytest.mark.long
def test_columns_with_a_policy_of_their_own_are_not_judged(shop):
    shop.say("{files: '*.csv', on_drift: freeze, columns: {extra: {on_drift: evolve}}}").put(
        "1.csv", "id,extra\n1,a\n"
    ).load()
    (shop.root / "schemas").mkdir()
    (shop.root / PIN).write_text("columns: {id: long}\n")
    assert shop.put("2.csv", "id\n2\n").load()[0].kind == "column_missing"
    assert "more was not there" in shop.put("3.csv", "id,extra,more\n3,b,1\n").error().what


def renamed(shop):
    shop.put("1.csv", "id,mail\n1,a\n2,b\n").load()
    drift = shop.put("2.csv", "id,E-Mail\n3,c\n").load()
    assert [(d.before, d.after) for d in drift if d.kind == "rename_candidate"] == [("mail", "e_mail")]
    return shop


def test_a_rename_is_made_true_by_one_commit_and_no_value_is_lost(shop):
    renamed(shop)
    _, (candidate,) = shop.project.drift()
    assert (candidate.stream, candidate.old, candidate.new, candidate.waits) == (STREAM, "mail", "e_mail", False)
    before = shop.project._shop.lake.table(STREAM).head()
    looked = shop.project.accept_rename("people", "mail", "E-Mail", dry_run=True)
    assert (looked.aside, looked.snapshot_id) == ("e_mail__added", None)
    done = shop.project.accept_rename("people", "mail", "E-Mail")
    after = shop.project._shop.lake.table(STREAM).head()
    assert (done.old, done.new, done.aside, done.snapshot_id) == ("mail", "e_mail", "e_mail__added", after.snapshot_id)
    assert (after.checkpoint.position, after.rows, after.files) == (
        before.checkpoint.position,
        before.rows,
        before.files,
    )
    assert (after.checkpoint.ordinal, after.checkpoint.generation) == (
        before.checkpoint.ordinal + 1,
        before.checkpoint.generation + 1,
    )
    assert after.schema.find("e_mail").id == before.schema.find("mail").id
    assert shop.bronze() == [
        {"id": 1, "e_mail": "a", "e_mail__added": None},
        {"id": 2, "e_mail": "b", "e_mail__added": None},
        {"id": 3, "e_mail": None, "e_mail__added": "c"},
    ]
    records, candidates = shop.project.drift()
    assert candidates == []
    assert (records[0].kind, records[0].before, records[0].after) == ("renamed", "mail", "e_mail")
    assert shop.put("3.csv", "id,E-Mail\n4,d\n").load() == ()
    assert shop.bronze()[3] == {"id": 4, "e_mail": "d", "e_mail__added": None}


@pytest.mark.long
def test_lines_that_name_the_old_column_are_listed(shop):
    renamed(shop.say("{files: '*.csv', columns: {mail: {type: string}}}"))
    for name, text in {
        "models/marts/m.sql": "select id,\n  mail\nfrom x",
        "models/other.sql": "select e_mail, mailing",
        f"schemas/{STREAM}.yml": "columns:\n  mail: {type: string}\n",
    }.items():
        (shop.root / name).parent.mkdir(parents=True, exist_ok=True)
        (shop.root / name).write_text(text)
    done = shop.project.accept_rename("people", "mail", "e_mail", dry_run=True)
    assert done.named_in == ("lakesmith.yml:8", "models/marts/m.sql:2", f"schemas/{STREAM}.yml:2")
    (shop.root / "schemas/shop.another.yml").write_text("columns:\n  mail: {type: string}\n")
    assert tuple(lines_naming(shop.root, "mail", STREAM)) == done.named_in


@pytest.mark.long
def test_rows_that_waited_for_the_rename_come_in_by_a_replay(shop):
    shop.say("{files: '*.csv', on_drift: quarantine}").put("1.csv", "id,mail\n1,a\n").load()
    shop.put("2.csv", "id,email\n2,b\n3,\n").load()
    assert len(list(shop.project.quarantine())) == 1
    _, (candidate,) = shop.project.drift()
    assert candidate.waits
    assert shop.project.accept_rename("people", "mail", "email").aside == ""
    assert shop.project.replay("people").passed == 1
    assert shop.bronze() == [{"id": 1, "email": "a"}, {"id": 3, "email": None}, {"id": 2, "email": "b"}]


def test_a_masked_column_does_not_come_back_in_clear_under_another_name(shop):
    masked = "{files: '*.csv', columns: {mail: {mask: hash}%s}}"
    shop.say(masked % "").put("1.csv", "id,mail\n1,a@x\n").load()
    error = shop.put("2.csv", "id,email\n2,b@x\n").error()
    assert "mail, which is masked, is not sent any more, and email came" in error.what
    assert "b@x" not in str(error)
    assert len(shop.bronze()) == 1
    shop.say(masked % ", email: {mask: hash}").load()
    assert all(len(row["email"]) == 64 for row in shop.bronze() if row["email"])


BAD = "id,mail\n1,a\n2\n3\n4,d\n"


@pytest.mark.parametrize(
    ("source", "stream", "allowed"),
    [
        ("", "", None),
        ("max_rejects: 1", "", "1"),
        pytest.param("max_rejects: 2", "", None, marks=pytest.mark.long),
        pytest.param("max_rejects_share: 0.4", "", "2", marks=pytest.mark.long),
        pytest.param("max_rejects: 0", "max_rejects: 2", None, marks=pytest.mark.long),
        ("max_rejects: 9", "max_rejects_share: 0.25", "1"),
    ],
)
def test_a_threshold_of_source_or_stream_stops_a_load_before_its_commit(shop, source, stream, allowed):
    shop.say(f"{{files: '*.csv'{', ' if stream else ''}{stream}}}").put("1.csv", BAD)
    if source:
        text = (shop.root / "lakesmith.yml").read_text()
        (shop.root / "lakesmith.yml").write_text(text.replace("    root: data\n", f"    root: data\n    {source}\n"))
    if allowed is None:
        shop.load()
        assert (len(shop.bronze()), len(list(shop.project.quarantine()))) == (2, 2)
        return
    error = shop.error()
    assert isinstance(error, TooManyRejectsError)
    assert (
        f"2 of 4 records of shop.people would go to quarantine, more than the {allowed} that max_rejects" in error.what
    )
    assert shop.project._shop.lake.table(STREAM).head() is None
    assert list(shop.project.quarantine()) == []
