"""Pages that repeat what the code knows are up to date: `python docs/build.py` writes them anew."""

from __future__ import annotations

import importlib.util
import re

import pytest
from docs_pages import ROOT, blocks

from lakesmith import errors
from lakesmith.cli.main import COMMANDS
from lakesmith.errors import LakesmithError
from lakesmith.project import Connectors, settings_reference

PACKAGE = ROOT / "src" / "lakesmith" / "dbt" / "package" / "macros"
MACRO = re.compile(r"\{%-? *(macro|test) (\w+)\((.*?)\) *-?%\}", re.DOTALL)


def built():
    spec = importlib.util.spec_from_file_location("docs_build", ROOT / "docs" / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["project-file.md", "commands.md"])
def test_the_page_is_up_to_date(name):
    committed = (ROOT / "docs" / name).read_text("utf-8")
    assert built().PAGES[name]() == committed, "run `python docs/build.py`"


def test_every_key_of_the_project_file_stands_in_its_page():
    page = (ROOT / "docs" / "project-file.md").read_text("utf-8")
    settings = [
        s
        for s in settings_reference(Connectors.installed())
        if s.of in ("", "type: files", "type: documents", "engine: duckdb")
    ]
    assert len(settings) > 40
    missing = [
        s.path for s in settings if f"| `{re.sub(r'^.*<(source|stream|publish|target)>.', '', s.path)}` |" not in page
    ]
    assert missing == []
    assert [s.path for s in settings if not s.description] == []


def test_every_command_stands_in_its_page():
    page = (ROOT / "docs" / "commands.md").read_text("utf-8")
    assert [name for name in COMMANDS if f"## `lakesmith {name}`" not in page] == []


def test_the_exit_codes_are_those_of_the_errors():
    page = (ROOT / "docs" / "commands.md").read_text("utf-8")
    told = {name: int(code) for code, name in re.findall(r"^\| (\d+) \|[^|]*\| `(\w+)`", page, re.MULTILINE)}
    known = {kind.__name__: kind.exit_code for kind in LakesmithError.__subclasses__()}
    assert told == known


def test_contributing_says_when_to_raise_every_error():
    page = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    leaves = {
        name for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, LakesmithError) and kind.__module__ == errors.__name__
        and kind is not LakesmithError and LakesmithError not in kind.__bases__
    }  # fmt: skip
    assert leaves, "no error class was found"
    assert sorted(re.findall(r"^\|[^|]*\| `(\w+Error)` \|$", page, re.MULTILINE)) == sorted(leaves)


def macros() -> dict[str, str]:
    """Return the macros and tests of the bundled package with what stands between their brackets."""
    found = {}
    for file in PACKAGE.glob("**/*.sql"):
        for kind, name, arguments in MACRO.findall(file.read_text("utf-8")):
            found[name] = arguments if kind == "macro" else kind
    return found


def test_every_macro_in_the_table_is_in_the_package_with_these_arguments():
    known = macros()
    page = (ROOT / "docs" / "sql-macros.md").read_text("utf-8")
    told = dict(re.findall(r"^\| `lakesmith\.(\w+)\((.*?)\)` \|", page, re.MULTILINE))
    assert len(told) > 15
    assert {name: text.replace("\\|", "|") for name, text in told.items()} == {name: known.get(name) for name in told}


def test_every_generic_test_of_the_package_stands_in_the_page_and_none_else():
    page = (ROOT / "docs" / "sql-macros.md").read_text("utf-8")
    told = set(re.findall(r"^\| `lakesmith\.(\w+)` \|", page, re.MULTILINE))
    assert told == {name for name, kind in macros().items() if kind == "test"}


def test_the_help_shown_is_in_blocks_of_text():
    shown = [block for block in blocks(ROOT / "docs" / "commands.md") if block.language == "text"]
    assert len(shown) >= len(COMMANDS)
