"""The driver against real dbt processes."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lakesmith.dbt.driver import DbtFinished, DbtStarted, NodeStarted, run_dbt
from lakesmith.dbt.lines import parse_line
from lakesmith.dbt.program import DbtRequest, command_line, environment, pass_through
from lakesmith.errors import TransformError
from lakesmith.host import Host
from lakesmith.model.events import CheckFinished, ModelFinished

PROJECT = Path(__file__).with_name("projects") / "small"


def _request(root: Path, **settings) -> DbtRequest:
    shutil.copytree(PROJECT, root)
    env = {"LAKESMITH_BUILD": str(root / "build.duckdb")}
    return DbtRequest(
        root=root, profiles=root, target="local", logs=root / ".lakesmith/logs", run_id="run-1", env=env, **settings
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    request = _request(tmp_path_factory.mktemp("built") / "small")
    host = Host()
    host.secrets.add("cast_letters")
    return request, list(run_dbt(request, host))


@pytest.mark.slow
class TestBuild:
    def test_starts_with_the_number_of_nodes_and_ends_with_the_result(self, built):
        events = built[1]

        assert events[0] == DbtStarted(9)
        assert isinstance(events[-1], DbtFinished)
        assert (events[-1].state, events[-1].code, events[-1].empty) == ("failed", 1, False)
        assert events[-1].statuses == {"success": 2, "error": 2, "skipped": 1, "pass": 2, "fail": 1, "warn": 1}

    def test_every_node_but_the_skipped_starts(self, built):
        started = [event for event in built[1] if isinstance(event, NodeStarted)]

        assert len({event.index for event in started}) == 8
        assert {event.total for event in started} == {9}
        assert (started[0].unique_id, started[0].relation) == ("model.small.letters", "main.letters")

    def test_models_end_in_their_states(self, built):
        models = {event.relation: event for event in built[1] if isinstance(event, ModelFinished)}

        assert {name: event.status for name, event in models.items()} == {
            "main.letters": "success",
            "main.copied": "success",
            "main.cast_letters": "error",
            "main.lost_column": "error",
            "main.after_cast": "skipped",
        }
        assert "'a'" not in models["main.cast_letters"].message
        assert "Could not convert string •••" in models["main.cast_letters"].message
        assert {event.run_id for event in models.values()} == {"run-1"}

    def test_checks_say_relation_column_severity_and_failures(self, built):
        checks = {
            (event.column, event.status, event.severity, event.failures)
            for event in built[1]
            if isinstance(event, CheckFinished) and event.relation == "main.copied"
        }

        assert checks == {("id", "pass", "error", 0), ("id", "fail", "error", 1), ("letter", "warn", "warn", 1)}

    def test_errors_are_one_per_broken_model_without_values_and_secrets(self, built):
        errors = {error.where: error for error in built[1][-1].errors}

        assert set(errors) == {"models/••••.sql", "models/lost_column.sql"}
        assert "could not build ••••" in errors["models/••••.sql"].what
        assert 'column "nope" not found' in errors["models/lost_column.sql"].what
        assert "target/compiled/small/models/lost_column.sql" in errors["models/lost_column.sql"].fix

    def test_nothing_is_left_beside_the_project(self, built):
        root = built[0].root

        assert sorted(path.name for path in root.iterdir()) == [
            ".lakesmith",
            "build.duckdb",
            "dbt_project.yml",
            "models",
            "profiles.yml",
            "target",
        ]
        assert list(built[0].logs.iterdir()) == []


@pytest.mark.slow
def test_project_that_cannot_be_parsed_is_refused_with_file_and_line(tmp_path):
    request = _request(tmp_path / "small")
    (request.root / "models" / "broken.sql").write_text("select 1\nfrom {% if %}")

    with pytest.raises(TransformError, match=r"(?s)Expected an expression.*where: models/broken\.sql:2"):
        list(run_dbt(request, Host()))


@pytest.mark.long
@pytest.mark.slow
def test_selection_of_nothing_is_said(tmp_path):
    *_, last = run_dbt(_request(tmp_path / "small", select=("nobody",)), Host())

    assert (last.state, last.empty, last.errors) == ("succeeded", True, ())


@pytest.mark.long
@pytest.mark.slow
def test_wish_to_stop_ends_dbt_and_leaves_the_database_whole(tmp_path):
    request = _request(tmp_path / "small", select=("letters", "endless"))
    (request.root / "models" / "endless.sql").write_text(
        "{{ config(materialized='table') }} select sum(a.range * b.range) as n from range(100000000) a, range(100000000) b, {{ ref('letters') }}"
    )
    host = Host()
    events = []
    for event in run_dbt(request, host):
        events.append(event)
        if isinstance(event, NodeStarted) and event.name == "endless":
            host.stop.request()

    assert events[-1].state == "stopped"
    assert events[-1].seconds < 60
    reader = (
        "import duckdb, sys; print(duckdb.connect(sys.argv[1]).execute('select count(*) from letters').fetchone()[0])"
    )
    command = [sys.executable, "-c", reader, str(request.root / "build.duckdb")]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (answer.stdout.strip(), answer.stderr) == ("2", "")


def test_command_line_is_quiet_and_complete(tmp_path):
    request = DbtRequest(
        root=tmp_path,
        profiles=tmp_path / "p",
        target="prod",
        logs=tmp_path / "l",
        select=("a+", "b"),
        exclude=("c",),
        variables={"day": "2026-01-01"},
        full_refresh=True,
        env={"X": "1"},
    )

    words = command_line(request)

    assert words[words.index("build") :] == [
        *("build", "--project-dir", str(tmp_path), "--profiles-dir", str(tmp_path / "p"), "--target", "prod"),
        *("--target-path", str(tmp_path / "target"), "--select", "a+", "b", "--exclude", "c"),
        *("--vars", '{"day": "2026-01-01"}', "--full-refresh"),
    ]
    assert "--no-send-anonymous-usage-stats" in words
    assert environment(request)["X"] == "1"
    assert environment(request)["DBT_SEND_ANONYMOUS_USAGE_STATS"] == "false"


def test_pass_through_keeps_the_persons_words(tmp_path):
    words, env = pass_through(DbtRequest(tmp_path, tmp_path / "p", "dev", tmp_path / "l"), ["ls", "--target", "prod"])

    assert words[-3:] == ["ls", "--target", "prod"]
    assert (env["DBT_TARGET"], env["DBT_PROFILES_DIR"]) == ("dev", str(tmp_path / "p"))


@pytest.mark.parametrize(
    "text", ["", "Warning: x", "{not json", "[1]", '{"a": 1}', '{"info": 3}', '{"info": {"msg": "x"}}']
)
def test_lines_that_are_no_events_are_none(text):
    assert parse_line(text) is None
