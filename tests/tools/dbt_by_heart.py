"""What dbt works out at each start from texts and classes that never change: its own macros, ours, and the schemas of its settings.

dbt's own tests keep the same things, by the same switch. A project is read, built and tested as always.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

BLOCKS = {"macro", "materialization", "test", "data_test"}


def learn() -> None:
    """Take in all macros that come with dbt, its adapters and Lakesmith, and the schemas that each project is held to."""
    from dbt_common.tests import enable_test_caching

    enable_test_caching()
    for text in macro_files():
        learn_macros(text)
    for kind in validated():
        kind.json_schema()


def macro_files() -> Iterator[str]:
    """Yield the texts of the macros."""
    import dbt.include

    import lakesmith

    ours = Path(lakesmith.__file__).parent / "dbt" / "package"
    for folder in (*map(Path, dbt.include.__path__), ours):
        for file in folder.rglob("*.sql"):
            yield file.read_text(encoding="utf-8").strip()  # as dbt reads them


def learn_macros(text: str) -> None:
    """Have dbt find the macros of a file, and the macros that each of them calls."""
    from dbt.clients.jinja_static import statically_extract_macro_calls
    from dbt_common.clients import jinja

    for block in jinja.extract_toplevel_blocks(text, allowed_blocks=BLOCKS, collect_raw_data=False):
        macro = str(block.full_block)
        jinja.parse(macro)
        statically_extract_macro_calls(macro, {})


def validated() -> tuple[Any, ...]:
    """Return the classes that each start of dbt makes a JSON schema of."""
    from dbt.adapters.duckdb.credentials import DuckDBCredentials
    from dbt.artifacts.resources.v1.components import Contract
    from dbt.artifacts.resources.v1.model import ModelConfig
    from dbt.contracts import project
    from dbt.contracts.graph.nodes import ModelNode
    from dbt.contracts.selection import SelectorFile

    whole = (project.ProjectFlags, project.ProfileConfig, project.Project, project.PackageConfig, project.Configuration)
    return (*whole, SelectorFile, DuckDBCredentials, ModelConfig, ModelNode, Contract)
