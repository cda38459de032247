import json
from importlib.resources import files

import jsonschema
import pytest
import yaml

from lakesmith.errors import ProjectFileError
from lakesmith.host import Host
from lakesmith.project import Connectors, ProjectPaths, json_schema, load_project, settings_reference, write_schema

FILES_ONLY = """\
version: 1
name: acme
schedule: {cron: "0 6 * * *", timezone: Europe/Berlin, ready_by: "07:30"}
pipelines: {orders: {select: "source:app.orders+", schedule: {every: 2h}}}
sources:
  backoffice:
    type: files
    root: s3://acme-drops
    streams:
      companies: {files: [data/init/companies.csv, "data/raw/{date}/companycsv.csv"], key: company_id, mode: dedupe}
      leads:     {files: "data/raw/{date}/leadcsv.csv"}
      weblogs:   {files: "data/raw/{date}/weblogs.log", format: combined}
publish:
  tables:  {select: marts, format: parquet, compression: snappy, path: "final/table={name}/{date}/"}
  reports: {select: "tag:report", format: csv, path: "final/report={name}/{date}/"}
default_target: dev
targets:
  prod: {engine: duckdb, lake: s3://acme-lake, catalog: "${env:CATALOG_URL}"}
  dev:  {engine: duckdb, bronze: prod, ingest: false, sample: 30d}
"""
GOOD = """\
version: 1
name: acme
x-anchors: {a: 1}
sources:
  shop: {type: shop, port: "${env:PORT}", verify: "${env:V}", retry: {attempts: 2}, streams: [a, b]}
  more: {type: replica, mode: cdc, streams: {c: , d: {filter: {x: 1}, mode: replace, columns: {e: {mask: hash}}}}}
  old: {type: legacy, database: x}
publish: {p: {select: x, format: csv, delimiter: ";", path: "x/{name}"}}
targets: {prod: {threads: 3}, dev: {bronze: prod}}
"""
HEAD = "version: 1\nname: acme\n"
BAD = [
    "name: acme\n",
    "version: 2\nname: acme\n",
    HEAD + "nme: x\n",
    HEAD + "sources: {a: {type: nothing, streams: [x]}}\n",
    HEAD + "sources: {a: {type: shop}}\n",
    HEAD + "sources: {A: {type: shop, streams: [x]}}\n",
    HEAD + "sources: {a: {type: shop, port: many, streams: [x]}}\n",
    HEAD + "sources: {a: {type: shop, prt: 1, streams: [x]}}\n",
    HEAD + "sources: {a: {type: shop, streams: {x: {fliter: {}}}}}\n",
    HEAD + "sources: {a: {type: shop, streams: {x: {mode: cdc}}}}\n",
    HEAD + "sources: {a: {type: legacy}}\n",
    HEAD + "publish: {p: {select: x, format: csv, compression: zstd, path: x}}\n",
    HEAD + "targets: {t: {engine: duckdb, thread: 1}}\n",
    HEAD + "targets: {t: {sample: soon}}\n",
]


def errors(text, connectors):
    schema = json_schema(connectors)
    jsonschema.Draft202012Validator.check_schema(schema)
    return [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(yaml.safe_load(text))]


@pytest.mark.few(1)
@pytest.mark.parametrize(
    "text", [FILES_ONLY, (files("lakesmith.project") / "templates/b2b_sales/lakesmith.yml").read_text()]
)
def test_the_example_and_the_template_are_valid(text):
    assert errors(text, Connectors.installed()) == []


def test_the_example_loads_with_what_is_installed(tmp_path):
    (tmp_path / "lakesmith.yml").write_text(FILES_ONLY)
    project = load_project(tmp_path, host=Host(), environ={"CATALOG_URL": "sqlite:///x"})
    assert [str(stream.id) for stream in project.streams()] == [
        "backoffice.companies",
        "backoffice.leads",
        "backoffice.weblogs",
    ]
    assert project.streams()[0].options.patterns == ("data/init/companies.csv", "data/raw/{date}/companycsv.csv")
    assert project.context("backoffice").options.root == "s3://acme-drops"


def test_what_loads_is_valid(folder, fakes):
    assert folder.load(GOOD, PORT="1", V="no").sources["shop"].options.verify is False
    assert errors(GOOD, fakes()) == []


@pytest.mark.long
@pytest.mark.parametrize("text", BAD)
def test_what_does_not_load_is_not_valid(folder, fakes, text):
    with pytest.raises(ProjectFileError, match=r"lakesmith\.yml:\d"):
        folder.load(text)
    assert errors(text, fakes()) != []


def test_the_schema_is_written_once(tmp_path, fakes):
    file = write_schema(ProjectPaths(tmp_path), fakes())
    assert file == tmp_path / ".lakesmith" / "schema.json"
    assert json.loads(file.read_text()) == json_schema(fakes())
    before = file.stat().st_mtime_ns
    assert write_schema(ProjectPaths(tmp_path), fakes()).stat().st_mtime_ns == before


def test_a_plug_in_that_cannot_be_loaded_does_not_stop_the_others(fakes):
    names = json_schema(fakes(broken=object))["properties"]["sources"]["additionalProperties"]["properties"]["type"]
    assert json.dumps(names).count("broken") == 0


def test_the_reference_lists_every_key_with_its_words(fakes):
    rows = {(row.path, row.of): row for row in settings_reference(fakes())}
    ours = [row for row in rows.values() if not row.of]
    assert not [row.path for row in ours if len(row.description) < 10]
    said = {path: (rows[path, of].type, rows[path, of].default) for path, of in [
        ("name", ""), ("schedule.timezone", ""), ("pipelines.<name>.schedule.every", ""), ("sources.<source>.columns.<name>.mask", ""),
        ("sources.<source>.streams.<stream>.key", ""), ("targets.<target>.engine", ""), ("sources.<source>.port", "type: shop"),
        ("sources.<source>.streams.<stream>.filter", "type: shop"), ("sources.<source>.retry.wait", "type: shop"),
        ("targets.<target>.threads", "engine: duckdb"), ("publish.<publish>.compression", "format: parquet"),
    ]}  # fmt: skip
    assert said == {
        "name": ("text", None),
        "schedule.timezone": ("text", "UTC"),
        "pipelines.<name>.schedule.every": ("text", "left out"),
        "sources.<source>.columns.<name>.mask": ("`hash` | `drop`", "left out"),
        "sources.<source>.streams.<stream>.key": ("text or list of text", "left out"),
        "targets.<target>.engine": ("text", "duckdb"),
        "sources.<source>.port": ("whole number", "80"),
        "sources.<source>.streams.<stream>.filter": ("mapping", "left out"),
        "sources.<source>.retry.wait": ("number", "1.0"),
        "targets.<target>.threads": ("whole number", "left out"),
        "publish.<publish>.compression": ("`snappy` | `zstd`", "zstd"),
    }


def test_every_installed_key_has_words():
    rows = list(settings_reference(Connectors.installed()))
    assert {row.of for row in rows} >= {"type: files", "engine: duckdb", "format: parquet", "format: csv"}
    assert [row.path for row in rows if not row.description] == []
