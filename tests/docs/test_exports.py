import json
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from lakesmith.host import Host
from lakesmith.monitor.exports.exposition import exposition
from lakesmith.monitor.exports.prometheus import families
from lakesmith.monitor.exports.totals import Totals
from lakesmith.monitor.store import RunStore

EXPORTS = Path(__file__).parents[2] / "docs" / "exports"
METRIC = re.compile(r"lakesmith_[a-z_]+")


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    store = RunStore.at(tmp_path_factory.mktemp("store") / "runs.db", host=Host())
    try:
        return exposition(families(store, "local", ["shop.orders"], Totals(), datetime(2026, 11, 22, tzinfo=UTC)))
    finally:
        store.close()


def rules():
    told = yaml.safe_load((EXPORTS / "lakesmith.rules.yml").read_text())
    return [rule for group in told["groups"] for rule in group["rules"]]


def expressions():
    dashboard = json.loads((EXPORTS / "grafana.json").read_text())
    return [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]


def test_rules_and_panels_ask_for_metrics_that_exist(text):
    known = set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))
    asked = {name for told in (*(rule["expr"] for rule in rules()), *expressions()) for name in METRIC.findall(told)}
    assert asked <= known
    assert len(asked) > 15


def test_every_rule_says_what_to_do():
    for rule in rules():
        assert set(rule["annotations"]) == {"summary", "action"}
        assert rule["labels"]["severity"] in {"error", "warn"}


def promtool(*words, given=None):
    program = shutil.which("promtool")
    assert program, "promtool is missing: it comes with Prometheus"
    return subprocess.run([program, *words], cwd=EXPORTS, input=given, capture_output=True, text=True, check=False)


@pytest.mark.long
def test_prometheus_reads_the_metrics(text):
    done = promtool("check", "metrics", given=text)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.long
def test_prometheus_reads_the_rules_and_they_do_what_they_say():
    done = promtool("check", "rules", "lakesmith.rules.yml")
    assert done.returncode == 0, done.stderr
    done = promtool("test", "rules", "lakesmith.rules.test.yml")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.long
def test_prometheus_reads_every_expression_of_the_dashboard(tmp_path):
    asked = {
        "groups": [
            {
                "name": "panels",
                "rules": [{"record": f"panel:{n}", "expr": told} for n, told in enumerate(expressions())],
            }
        ]
    }
    file = tmp_path / "panels.yml"
    file.write_text(yaml.safe_dump(asked))
    done = promtool("check", "rules", str(file))
    assert done.returncode == 0, done.stderr
