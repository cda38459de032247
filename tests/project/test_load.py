import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from lakesmith.errors import MissingValueError, ProjectNotFoundError, SelectionError
from lakesmith.host import Host
from lakesmith.model.streams import StreamId
from lakesmith.project import find_root, load_project

ACME = """\
# yaml-language-server: $schema=.lakesmith/schema.json
version: 1
name: acme
schedule: {cron: "0 6 * * *", timezone: Europe/Berlin, ready_by: "07:30"}
pipelines: {orders: {select: "source:app.orders+", schedule: {every: 2h}}}
sources:
  backoffice:
    type: shop
    url: https://drops.example.com
    on_drift: freeze
    columns: {leads.email: {mask: hash}}
    streams:
      companies: {files: [a.csv, "b/{date}.csv"], key: company_id, mode: dedupe}
      leads:     {files: "data/{date}.csv", on_drift: evolve, columns: {email: {type: string}}, max_rejects: 5}
      weblogs:
  billing:
    type: replica
    url: ${env:BILLING_URL}
    mode: cdc
    streams: [customers, plans]
  app:
    type: shop
    streams:
      orders: {filter: {status: {$ne: draft}}, max_rejects_share: 0.01}
  old: {type: legacy, database: raw}
publish:
  tables:  {select: marts, format: parquet, compression: snappy, path: "final/table={name}/{date}/"}
default_target: dev
targets:
  prod: {engine: duckdb, lake: s3://acme-lake, catalog: "${env:CATALOG_URL}"}
  dev:  {engine: duckdb, bronze: prod, ingest: false, sample: 30d, threads: 4}
"""


def test_the_whole_file_becomes_values(folder):
    project = folder.load(ACME, BILLING_URL="https://u:pw-1234@billing", CATALOG_URL="sqlite:///x")
    assert (project.name, project.version, project.default_target) == ("acme", 1, "dev")
    assert (project.schedule.cron, project.schedule.timezone, project.schedule.ready_by) == (
        "0 6 * * *",
        "Europe/Berlin",
        "07:30",
    )
    assert project.pipelines["orders"].schedule.every == timedelta(hours=2)
    assert list(project.sources) == ["backoffice", "billing", "app", "old"]
    assert project.source("billing").options.url == "https://u:pw-1234@billing"
    assert project.source("old").options.database == "raw"
    assert project.publish["tables"].options.compression == "snappy"
    assert project.publish["tables"].path == "final/table={name}/{date}/"
    assert project.target("prod").lake == "s3://acme-lake"


def test_streams_carry_settings_options_and_places(folder):
    streams = {str(s.id): s for s in folder.load(ACME).streams()}
    seen = {
        name: (s.mode, s.key, s.on_drift, dict(s.columns), s.max_rejects, s.where.partition(":")[2])
        for name, s in streams.items()
    }
    assert seen == {
        "backoffice.companies": ("dedupe", ("company_id",), "freeze", {}, None, "13"),
        "backoffice.leads": ("append", (), "evolve", {"email": {"mask": "hash", "type": "string"}}, 5.0, "14"),
        "backoffice.weblogs": ("append", (), "freeze", {}, None, "15"),
        "billing.customers": ("cdc", (), "evolve", {}, None, "20"),
        "billing.plans": ("cdc", (), "evolve", {}, None, "20"),
        "app.orders": ("append", (), "evolve", {}, 0.01, "24"),
    }
    assert streams["backoffice.companies"].options.files == ["a.csv", "b/{date}.csv"]
    assert streams["app.orders"].options.filter_ == {"status": {"$ne": "draft"}}
    assert streams["backoffice.companies"].id == StreamId("backoffice", "companies")


@pytest.mark.parametrize(
    ("said", "mode", "key", "columns"),
    [
        ("{}", "dedupe", ("id",), {"spend": {"type": "long"}}),
        ("{mode: append}", "append", ("id",), {"spend": {"type": "long"}}),
        ("{key: [day, id]}", "dedupe", ("day", "id"), {"spend": {"type": "long"}}),
        ("{columns: {spend: {mask: hash}}}", "dedupe", ("id",), {"spend": {"type": "long", "mask": "hash"}}),
    ],
)
def test_what_a_connector_knows_of_a_stream_holds_where_the_project_says_nothing(
    folder, fakes, platform, said, mode, key, columns
):
    text = f"version: 1\nname: acme\nsources:\n  ads:\n    type: platform\n    streams:\n      days: {said}\n      other: {{}}\n"
    days, other = folder.load(text, connectors=fakes(platform=platform)).streams()
    assert (days.mode, days.key, dict(days.columns)) == (mode, key, columns)
    assert (other.mode, other.key, dict(other.columns)) == ("append", (), {})


@pytest.mark.parametrize(
    ("said", "key"), [("mode: dedupe", ("_id_key",)), ("mode: replace", ()), ("mode: dedupe, key: id", ("id",))]
)
def test_a_connectors_own_key_is_that_of_dedupe_without_one(folder, said, key):
    text = f"version: 1\nname: acme\nsources:\n  app:\n    type: replica\n    streams:\n      orders: {{{said}}}\n"
    (orders,) = folder.load(text).streams()
    assert orders.key == key


def test_targets_know_who_owns_the_lake(folder):
    project = folder.load(ACME, CATALOG_URL="sqlite:///x")
    dev = project.target()
    assert (dev.name, dev.ingest, dev.sample, dev.options.threads, dev.bronze) == (
        "dev",
        False,
        timedelta(days=30),
        4,
        "prod",
    )
    assert project.bronze_of(dev).name == "prod"
    local = project.target("local")
    assert (local.engine, local.lake, local.ingest, local.catalog) == ("duckdb", "lake", True, None)
    assert project.bronze_of(local) is local


def test_a_missing_secret_matters_when_its_owner_is_used(folder):
    project = folder.load(ACME)
    reason = r'The target "prod" needs values.*\nlakesmith.yml:30: \$\{env:CATALOG_URL\} has no value: CATALOG_URL is not set'
    with pytest.raises(MissingValueError, match=reason):
        project.bronze_of(project.target("dev"))
    with pytest.raises(MissingValueError, match=r"lakesmith.yml:18: \$\{env:BILLING_URL\} has no value"):
        project.context("billing")
    assert project.context("app").options.port == 80


def test_unknown_names_are_told(folder):
    project = folder.load(ACME)
    with pytest.raises(SelectionError, match=r'no target "prd".*did you mean "prod"'):
        project.target("prd")
    with pytest.raises(SelectionError, match=r'no source "backofice"'):
        project.source("backofice")


def test_sources_may_live_in_files_of_their_own(folder):
    folder.write("sources:\n  billing:\n    type: shop\n    streams: {plans: }\n", "sources/billing.yml")
    project = folder.load("version: 1\nname: acme\nsources: {app: {type: shop, streams: [a]}}\n")
    assert {str(s.id): s.where for s in project.streams()} == {
        "app.a": "lakesmith.yml:3",
        "billing.plans": "sources/billing.yml:4",
    }


def test_the_hash_follows_the_text_and_not_the_secrets(folder):
    first = folder.load(ACME, BILLING_URL="https://one.example").config_hash
    assert (
        folder.load(ACME.replace("# yaml", "# other comment"), BILLING_URL="https://two.example").config_hash == first
    )
    assert folder.load(ACME.replace("30d", "31d")).config_hash != first


def test_find_root_walks_up(folder):
    folder.write(ACME)
    deep = folder.root / "models" / "silver"
    deep.mkdir(parents=True)
    assert find_root(deep) == folder.root


def test_no_project_says_how_to_make_one(tmp_path):
    with pytest.raises(ProjectNotFoundError, match="fix:   go to a project's folder, or make one: lakesmith init"):
        load_project(tmp_path, host=Host())
    (tmp_path / "lakesmith.yaml").touch()
    with pytest.raises(ProjectNotFoundError, match=r"rename lakesmith\.yaml to lakesmith\.yml"):
        load_project(tmp_path, host=Host())


def test_the_real_environment_wins_over_dotenv(folder):
    folder.write("# comment\nexport A=from-file # why\nB='b # kept'\n\nC=\"c\\nd\"\n", ".env")
    folder.write(
        "version: 1\nname: acme\nsources: {s: {type: shop, streams: {t: {files: ['${env:A}', '${env:B}', '${env:C}']}}}}"
    )
    assert folder.load(A="from-shell").streams()[0].options.files == ["from-shell", "b # kept", "c\nd"]
    assert folder.load(A="from-shell").environment == {"B": "b # kept", "C": "c\nd"}
    project = folder.load()
    assert project.streams()[0].options.files == ["from-file", "b # kept", "c\nd"]
    assert project.environment == {"A": "from-file", "B": "b # kept", "C": "c\nd"}
    assert "from-file" not in repr(project)


def test_loading_imports_nothing_heavy():
    code = (
        "import sys, lakesmith.project; "
        "print(sorted({m.partition('.')[0] for m in sys.modules} & {'pyarrow','polars','duckdb','dbt','pyiceberg','sqlalchemy','jsonschema'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parent
    )
    assert done.stdout.strip() == "[]"


def test_faults_come_in_the_order_of_the_files(folder):
    folder.write(
        "sources:\n  app: {type: shop, streams: [a]}\n  two: {type: shop, streams: [a], x: 1}\nversion: 1\n",
        "sources/a.yml",
    )
    folder.write("x-a: 1\n", "sources/b.yml")
    folder.write("# nothing yet\n", "sources/c.yml")
    folder.write("- 1\n", "sources/d.yml")
    folder.write("sources: {}", "sources/e.yaml")
    assert folder.faults("version: 1\nname: acme\nsources:\n  app: {type: shop, streams: [a], y: 1}\n") == [
        'lakesmith.yml:4: sources.app: unknown key "y"',
        'sources/a.yml:2: sources: duplicate key "app", first written in lakesmith.yml:4',
        'sources/a.yml:3: sources.two: unknown key "x"',
        'sources/a.yml:4: unknown key "version": a file in sources/ holds one key, `sources:`, written as in lakesmith.yml',
        "sources/d.yml:1: a file in sources/ holds one key, `sources:`, written as in lakesmith.yml",
        "sources/e.yaml:1: is not read: rename it to end in .yml",
    ]


def test_the_surface():
    import lakesmith.project as room

    assert room.__all__ == [
        *(
            "PROJECT_FILE",
            "Connectors",
            "Pipeline",
            "ProjectConfig",
            "ProjectPaths",
            "PublishConfig",
            "Schedule",
            "Setting",
        ),
        *(
            "SourceConfig",
            "TargetConfig",
            "find_root",
            "init_project",
            "json_schema",
            "load_project",
            "settings_reference",
        ),
        *("templates", "write_schema"),
    ]
    assert all(getattr(room, name) is not None for name in room.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'load_projects'"):
        _ = room.load_projects


def test_paths_need_no_pydantic():
    code = "import sys, lakesmith.project.paths; print('pydantic' in sys.modules, 'yaml' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "False False\n"
    )
