import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from lakesmith.errors import ConnectorOptionsError, MissingExtraError
from lakesmith.project import Connectors

BROKEN = {
    "nopackage": "no_such_package_here:Source",
    "noclass": "json:Source",
    "noshape": "json:JSONDecoder",
}
SOURCES = {name: EntryPoint(name, value, "lakesmith.sources") for name, value in BROKEN.items()}


@pytest.mark.parametrize(
    ("name", "error", "told"),
    [
        (
            "nopackage",
            MissingExtraError,
            r'"nopackage" of the package no_such_package_here cannot be loaded: No module named',
        ),
        ("noclass", ConnectorOptionsError, r'"noclass" of the package json cannot be loaded: AttributeError: .*Source'),
        ("noshape", ConnectorOptionsError, r'"noshape" of the package json has no `Options` that is a pydantic model'),
        (
            "nopakage",
            ConnectorOptionsError,
            r'no source type "nopakage" is installed, did you mean "nopackage"\?\n  fix: .*noclass',
        ),
    ],
)
def test_a_broken_plug_in_names_its_package(name, error, told):
    with pytest.raises(error, match=told):
        Connectors({"lakesmith.sources": SOURCES}).source(name)


def test_a_broken_plug_in_becomes_a_fault_with_a_line(folder):
    text = "version: 1\nname: acme\nsources:\n  a:\n    type: nopackage\n    streams: [x]\n"
    faults = folder.faults(text, connectors=Connectors({"lakesmith.sources": SOURCES, "lakesmith.engines": {}}))
    assert faults[-1] == (
        'lakesmith.yml:5: sources.a.type: the source type "nopackage" of the package no_such_package_here cannot be loaded: '
        "No module named 'no_such_package_here'; pip install --upgrade no_such_package_here"
    )


def test_what_is_installed_is_found_by_entry_point():
    installed = Connectors.installed()
    assert "files" in installed.names("lakesmith.sources")
    assert "duckdb" in installed.names("lakesmith.engines")
    assert {"csv", "parquet"} <= set(installed.names("lakesmith.publishers"))


def test_a_project_loads_without_heavy_libraries(tmp_path):
    (tmp_path / "lakesmith.yml").write_text(
        "version: 1\nname: a\nsources: {s: {type: files, streams: {t: {files: '*.csv'}}}}\n"
        "publish: {p: {select: x, format: parquet, path: y}, q: {select: x, format: csv, path: z}}\n"
    )
    code = (
        "import sys; from pathlib import Path; from lakesmith.host import Host; from lakesmith.project import load_project; "
        "load_project(Path(sys.argv[1]), host=Host()); "
        "print(sorted({m.partition('.')[0] for m in sys.modules} & {'pyarrow','polars','duckdb','dbt','pyiceberg','sqlalchemy'}))"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
