"""The rules of the house: what may import what, how large things may grow, and what is public."""

from __future__ import annotations

import ast
import functools
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

import lakesmith

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "lakesmith"
MODULES = [
    path for path in sorted(SOURCE.rglob("*.py")) if "templates" not in path.parts and "package" not in path.parts
]
NAMES = [str(path.relative_to(SOURCE)) for path in MODULES]
MODULE_LINES, FUNCTION_LINES, PARAMETERS = 400, 60, 6
HEAVY = {"pydantic", "pyarrow", "pyiceberg", "polars", "duckdb", "sqlalchemy", "dbt", "alembic", "pandas", "numpy"}
FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Function:
    """A function of a module: its lines of code, what it takes besides `self`, and whether it says what it returns."""

    name: str
    lines: int
    parameters: int
    is_annotated: bool


@dataclass(frozen=True, slots=True)
class Module:
    """What the rules ask of a module."""

    has_docstring: bool
    lines: int
    functions: tuple[Function, ...]
    undocumented: tuple[str, ...]
    imported: frozenset[str]


@functools.cache
def facts(path):
    """Read a module once for all rules."""
    text = path.read_text("utf-8")
    tree = ast.parse(text)
    nodes = list(ast.walk(tree))
    lines = code_lines(text, nodes)
    public = [node for node in tree.body if isinstance(node, ast.ClassDef | FUNCTION) and not node.name.startswith("_")]
    return Module(
        has_docstring=bool(ast.get_docstring(tree)),
        lines=len(lines),
        functions=tuple(measured(node, lines) for node in nodes if isinstance(node, FUNCTION)),
        undocumented=tuple(node.name for node in public if not ast.get_docstring(node)),
        imported=frozenset(name.partition(".")[0] for node in nodes for name in names_imported(node)),
    )


def house():
    """Return all modules by name."""
    return [(name, facts(path)) for name, path in zip(NAMES, MODULES, strict=True)]


def code_lines(text, nodes):
    """Return the numbers of lines that hold code: neither blank nor comment nor docstring."""
    stripped = enumerate(map(str.lstrip, text.split("\n")), start=1)
    lines = {number for number, line in stripped if line and not line.startswith("#")}
    for node in nodes:
        if isinstance(node, ast.Module | ast.ClassDef | FUNCTION) and ast.get_docstring(node) is not None:
            lines.difference_update(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return lines


def measured(node, lines):
    given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return Function(
        name=node.name,
        lines=len(lines.intersection(range(node.lineno, node.end_lineno + 1))),
        parameters=len([one for one in given if one.arg not in ("self", "cls")]),
        is_annotated=node.returns is not None,
    )


def names_imported(node):
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


def imported_by(code):
    """Return the top names of all modules that a fresh interpreter holds after running `code`."""
    program = f"import sys\n{code}\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_a_module_says_its_idea_and_stays_small():
    assert [name for name, module in house() if not module.has_docstring] == []
    assert [(name, module.lines) for name, module in house() if module.lines > MODULE_LINES] == []


def test_a_function_stays_small_and_takes_few_things():
    functions = [(name, function) for name, module in house() for function in module.functions]
    assert [(name, one.name, one.lines) for name, one in functions if one.lines > FUNCTION_LINES] == []
    assert [(name, one.name, one.parameters) for name, one in functions if one.parameters > PARAMETERS] == []


def test_what_is_public_is_documented_and_all_is_annotated():
    functions = [(name, function) for name, module in house() for function in module.functions]
    assert [(name, one.name) for name, one in functions if not one.is_annotated] == []
    assert [(name, module.undocumented) for name, module in house() if module.undocumented] == []


def test_the_public_names_are_these():
    assert lakesmith.__all__ == ["Project", "__version__", "errors", "open"]
    assert {name for name in lakesmith.__all__ if not hasattr(lakesmith, name)} == set()
    assert lakesmith.open.__module__.startswith("lakesmith.api")


def test_an_unknown_name_is_refused():
    with pytest.raises(AttributeError, match="'lakesmith' has no attribute 'close'"):
        lakesmith.close  # noqa: B018 - looking it up is the test


@pytest.mark.parametrize(
    "code",
    ["import lakesmith", "import lakesmith.errors, lakesmith.model.protocols", "import lakesmith.cli.main"],
)
def test_importing_is_light(code):
    assert not imported_by(code) & HEAVY


def test_help_is_light():
    code = "from lakesmith.cli.main import main\ntry:\n    main(['--help'])\nexcept SystemExit:\n    pass"
    found = imported_by(code)
    assert "click" in found
    assert not found & HEAVY


def test_every_package_has_its_place_in_the_layers():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    [layers] = [contract["layers"] for contract in settings["contracts"] if contract["type"] == "layers"]
    named = {word.strip("() ") for layer in layers for word in layer.split("|")}
    packages = {f"lakesmith.{path.parent.name}" for path in SOURCE.glob("*/__init__.py")}
    assert packages <= named, "a package without a layer may import anything"


def test_nobody_imports_dbt():
    """It is driven by command line and artifacts only."""
    assert [path for path in MODULES if "dbt" in facts(path).imported] == []
