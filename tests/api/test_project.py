import json
from decimal import Decimal

import pytest

import lakesmith
from lakesmith.errors import ProjectFileError, ProjectNotFoundError, SelectionError, UsageError
from lakesmith.model.streams import StreamId

SALES = {("Austria", 140.49, 2), ("Norway", 80.0, 1), ("Portugal", 310.0, 1)}


def test_a_run_says_what_it_did(project):
    opened, result = project
    assert result.state == "succeeded"
    assert {str(load.stream): (load.counts.read, load.counts.written) for load in result.outcome.loads} == {
        "shop.customers": (3, 3),
        "shop.orders": (4, 4),
    }
    assert set(result.outcome.steps.values()) == {"succeeded"}
    assert result.page == opened.page
    assert "Norway" in opened.page.read_text()


def test_a_table_in_every_frame(project):
    table = project[0].table("marts.mart_sales")
    rows = {(row["country"], round(float(row["revenue"]), 2), row["orders"]) for row in table.to_polars().to_dicts()}
    assert rows == SALES
    assert len(table) == 3
    assert table.to_arrow().num_rows == table.to_pandas().shape[0] == 3
    assert project[0].table("mart_sales") == table


def test_an_unknown_table_is_refused_with_the_nearest(project):
    with pytest.raises(SelectionError, match="No published table is called 'mart_sale'") as caught:
        project[0].table("mart_sale")
    assert "mart_sales" in caught.value.fix


def test_a_query_reads_what_readers_open(project):
    rows = project[0].query("select country, revenue, orders from marts.mart_sales").read_all().to_pylist()
    assert {(row["country"], round(float(row["revenue"]), 2), row["orders"]) for row in rows} == SALES
    built = project[0].query("select sum(amount) as total from bronze_shop.orders", build=True).read_all().to_pylist()
    assert round(Decimal(str(built[0]["total"])), 2) == Decimal("530.49")
    with pytest.raises(UsageError, match="not a statement that only reads"):
        project[0].query("create table x as select 1")


def test_nothing_is_due_after_a_run(project):
    opened, first = project
    assert opened.plan() == ()
    again = opened.run()
    assert (again.state, again.ok, again.page) == ("nothing_new", True, None)
    assert again.run_id > first.run_id


def test_history_remembers(project):
    opened, first = project
    history = opened.history()
    runs = history.runs(100)
    assert [run.state for run in runs if run.run_id == first.run_id] == ["succeeded"]
    assert {load.stream: load.rows_read for load in history.newest_loads()} == {"shop.customers": 3, "shop.orders": 4}
    assert {check.status for check in history.newest_checks()} == {"pass"}
    assert len(history.newest_checks()) == 3


def test_the_project_says_who_it_is(project):
    opened, _ = project
    assert (opened.name, opened.target, opened.root.name) == ("acme", "local", "acme")
    assert repr(opened) == f"Project('acme', target='local', root={str(opened.root)!r})"
    assert opened.streams() == [StreamId("shop", "customers"), StreamId("shop", "orders")]
    assert list(opened.quarantine()) == []
    assert lakesmith.open(opened.root / "models").root == opened.root


def test_quarantine_refuses_an_unknown_stream(project):
    with pytest.raises(SelectionError, match=r"no stream called 'shop\.order'"):
        list(project[0].quarantine("shop.order"))


def test_recorders_hear_every_event(project):
    heard = []

    class Ear:
        def record(self, event):
            heard.append(type(event).__name__)

    project[0].run(recorders=(Ear(),))
    assert (heard[0], heard[-1]) == ("RunStarted", "RunFinished")


def test_a_recorder_that_breaks_fails_no_run(project):
    class Broken:
        def record(self, event):  # noqa: ARG002 - it breaks before it looks
            raise OSError("full")

    with pytest.warns(RuntimeWarning, match="Broken stopped recording: OSError"):
        assert project[0].run(recorders=(Broken(),)).ok


def test_what_cannot_be_opened(tmp_path):
    with pytest.raises(ProjectNotFoundError, match=r"no lakesmith\.yml here"):
        lakesmith.open(tmp_path)
    (tmp_path / "lakesmith.yml").write_text("version: 1\nnmae: x\n")
    with pytest.raises(ProjectFileError, match='did you mean "name"'):
        lakesmith.open(tmp_path)


def test_an_unknown_target(project):
    with pytest.raises(SelectionError, match='no target "prod"'):
        lakesmith.open(project[0].root, target="prod")


def test_secrets_are_in_no_record(tmp_path, monkeypatch):
    monkeypatch.setenv("ACME_DROPS", "s3cret-folder-name")
    (tmp_path / "s3cret-folder-name").mkdir()
    (tmp_path / "lakesmith.yml").write_text(
        'version: 1\nname: acme\nsources:\n  shop:\n    type: files\n    root: "${env:ACME_DROPS}"\n'
        "    streams: {orders: {files: orders.csv}}\n"
    )
    opened = lakesmith.open(tmp_path)
    result = opened.run()
    assert result.state == "failed"
    told = json.dumps([error.as_dict() for _, error in result.outcome.errors])
    files = [file for file in (tmp_path / ".lakesmith").rglob("*") if file.is_file()]
    kept = b"".join(file.read_bytes() for file in [*files, opened.page])
    assert "s3cret" not in told
    assert b"s3cret-folder-name" not in kept
    assert "orders.csv" in told
