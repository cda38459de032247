"""ARCHITECTURE is one page, and draws the house that import-linter holds."""

from __future__ import annotations

import importlib
import pkgutil
import re
import tomllib

from docs_pages import ROOT, blocks

import lakesmith.model

PAGE = ROOT / "ARCHITECTURE.md"


def test_it_is_one_page():
    lines = PAGE.read_text("utf-8").splitlines()
    assert len(lines) <= 125
    assert max(map(len, lines)) <= 160


def test_the_layers_are_those_of_import_linter():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    held = [re.findall(r"lakesmith\.(\w+)(?![\w)])", layer) for layer in contracts[0]["layers"]]
    drawn = next(block.body for block in blocks(PAGE) if "errors | about" in block.body)
    names = [re.split(r" \| ", re.split(r" {3,}", line.strip())[0]) for line in drawn.splitlines()]
    assert names == held


def test_every_value_in_the_table_is_in_the_model():
    known = set()
    for module in pkgutil.iter_modules(lakesmith.model.__path__):
        known |= set(vars(importlib.import_module(f"lakesmith.model.{module.name}")))
    table = re.search(r"## Values and protocols to know\n(.*?)\n## ", PAGE.read_text("utf-8"), re.DOTALL)[1]
    named = [
        name for line in re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", line)
    ]
    assert len(named) > 15
    assert set(named) - known == set()
