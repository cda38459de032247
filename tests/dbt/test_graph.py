"""Selection against dbt's own answers: `projects/company/expected.json` holds what `dbt ls` returned for each expression."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lakesmith.dbt.artifacts import Manifest, read_manifest
from lakesmith.dbt.graph import Graph
from lakesmith.dbt.selectors import parse_term
from lakesmith.errors import SelectionError
from lakesmith.model.streams import StreamId

PROJECT = Path(__file__).with_name("projects") / "company"
EXPECTED = json.loads((PROJECT / "expected.json").read_text())
STREAMS = (
    StreamId("backoffice", "companies"),
    StreamId("backoffice", "orders"),
    StreamId("backoffice", "leads"),
    StreamId("billing", "payments"),
    StreamId("billing", "plans"),
)
LIVE = 6  # +tag:report and more is in the table; this one is asked of dbt again


def _title(case):
    return " ".join(case["select"]) + (" --exclude " + " ".join(case["exclude"]) if case["exclude"] else "")


@pytest.fixture(scope="module")
def listed(tmp_path_factory):
    """One live `dbt ls`: its answer, and the manifest it wrote."""
    root = tmp_path_factory.mktemp("company") / "company"
    shutil.copytree(PROJECT, root)
    answer = subprocess.run(
        [
            *(
                sys.executable,
                "-P",
                "-c",
                "from dbt.cli.main import cli; cli()",
                "ls",
                "--quiet",
                "--no-send-anonymous-usage-stats",
            ),
            *(
                "--profiles-dir",
                ".",
                "--output",
                "json",
                "--output-keys",
                "unique_id",
                "--select",
                *EXPECTED[LIVE]["select"],
            ),
        ],
        cwd=root,
        env={**os.environ, "LAKESMITH_BUILD": str(root / "x.duckdb")},
        capture_output=True,
        text=True,
        check=True,
    )
    ids = sorted(json.loads(line)["unique_id"] for line in answer.stdout.splitlines() if line.startswith("{"))
    return ids, read_manifest(root / "target")


@pytest.fixture(scope="module")
def manifest(listed) -> Manifest:
    return listed[1]


@pytest.fixture(scope="module")
def graph(manifest) -> Graph:
    return Graph.of(STREAMS, manifest)


def _ids(graph, selected):
    sources = {stream: key for key, stream in graph.streams.items()}
    return sorted([*(sources[stream] for stream in selected.streams), *selected.models, *selected.tests])


@pytest.mark.long
def test_recorded_answers_are_those_of_the_installed_dbt(listed):
    assert listed[0] == EXPECTED[LIVE]["unique_ids"]


@pytest.mark.parametrize("case", EXPECTED, ids=_title)
def test_selects_what_dbt_selects(case, graph):
    selected = graph.select(tuple(case["select"]), tuple(case["exclude"]))

    assert _ids(graph, selected) == [key for key in case["unique_ids"] if not key.startswith("exposure.")]


def test_everything_without_a_selection(graph, manifest):
    selected = graph.select()

    assert selected.streams == tuple(sorted(STREAMS))
    assert len(selected.models) == sum(
        n.resource_type in {"model", "seed", "snapshot"} for n in manifest.nodes.values()
    )


def test_stream_and_its_dbt_source_are_one_node(graph):
    selected = graph.select(("source:billing.payments+",))

    assert selected.streams == (StreamId("billing", "payments"),)
    assert "model.company.mart_cash" in selected.models
    assert "unit_test.company.fct_payments.payments_pass_through" in selected.tests


def test_resource_type_stream_means_source(graph):
    assert graph.select(("resource_type:stream",)) == graph.select(("resource_type:source",))


def test_streams_without_a_dbt_project_can_be_selected():
    graph = Graph.of(STREAMS, None)

    assert graph.select(("source:billing",)).streams == (StreamId("billing", "payments"), StreamId("billing", "plans"))
    assert graph.select(("source:*",), ("source:billing",)).streams == tuple(sorted(STREAMS[:3]))


def test_stream_that_dbt_does_not_declare_stands_alone(manifest):
    new = StreamId("backoffice", "returns")

    selected = Graph.of((*STREAMS, new), manifest).select(("source:backoffice.returns+",))

    assert (selected.streams, selected.models) == ((new,), ())


def test_downstream_and_streams_above_are_inverse(graph):
    below = graph.downstream([StreamId("backoffice", "orders")])

    assert [key.rpartition(".")[2] for key in below.models] == [
        "fct_orders",
        "mart_monthly_sales",
        "mart_sales_summary",
        "stg_backoffice__orders",
    ]
    assert graph.streams_above(["model.company.fct_orders"]) == (StreamId("backoffice", "orders"),)
    assert graph.streams_above(["model.company.mart_cash"]) == (
        StreamId("backoffice", "companies"),
        StreamId("billing", "payments"),
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("mart_cahs",), r"'mart_cahs' names nothing[\s\S]*mart_cash"),
        (("source:backoffice.orderz",), r"names nothing[\s\S]*backoffice\.orders"),
        (("backoffice.orders",), r"names nothing[\s\S]*did you mean source:backoffice\.orders"),
        (("tag:reprot",), r"names nothing[\s\S]*report"),
        (("zzzzqqqq",), r"names nothing[\s\S]*lakesmith dbt ls"),
        (("tag:core,tag:report",), "nothing in common"),
        (("state:modified",), "Nothing can be selected by 'state'"),
        (("@fct_orders+",), "both @ and a trailing"),
        (("fct_orders,",), "names nothing"),
        (("source:a.b.c.d",), "too many parts"),
    ],
)
def test_selection_that_names_nothing_is_refused(words, message, graph):
    with pytest.raises(SelectionError, match=message):
        graph.select(words)


def test_exclusion_that_names_nothing_excludes_nothing(graph):
    assert graph.select((), ("tag:nobody",)) == graph.select()


def test_steps_are_parsed():
    term = parse_term("2+path:models/a+")

    assert (term.up, term.down, term.method, term.value, term.around) == (2, -1, "path", "models/a", False)
