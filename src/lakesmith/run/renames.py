"""A rename carried through to silver: the scaffold's own files follow, and the lines that a person has to change are named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from lakesmith.model.loads import Load
from lakesmith.model.shapes import Drift
from lakesmith.model.streams import StreamId
from lakesmith.run.scaffolding import rewrite
from lakesmith.run.workshop import Workshop

NAMED_IN = ("models", "macros", "tests", "snapshots", "seeds", "dashboards", "schemas")
TEXTS = frozenset({".sql", ".yml", ".yaml", ".md", ".py"})
SHOWN = 100
"""How many lines are listed; a name such as `id` may stand in thousands."""


def is_rename(drift: Drift) -> bool:
    """Whether bronze renamed a column, so that all that was ever loaded of it reads under the new name."""
    return drift.kind == "renamed"


def follow(shop: Workshop, load: Load) -> tuple[Load, str]:
    """Let the project follow the renames of a load; return the load with notices of it, and a warning if lines name an old column.

    Raises:
        StorageUnavailableError: If a file of the scaffold cannot be written.
    """
    renames = [drift for drift in load.drift if is_rename(drift)]
    if not renames:
        return load, ""
    written = ", ".join(change.path for change in rewrite(shop, (load.stream,)))
    notices = [f"{', '.join(d.before for d in renames)} renamed: {written} written anew"] if written else []
    left: dict[str, int] = {}
    for drift in renames:
        lines = tuple(lines_naming(shop.paths.root, drift.before, load.stream, is_rewritten=True))
        if lines:
            left[drift.before] = len(lines)
            notices.append(f"{drift.before} is called {drift.after} now; these lines still name it: {_listed(lines)}")
    total = sum(left.values())
    what = "1 line of the project still names" if total == 1 else f"{total} lines of the project still name"
    warning = f"{what} {', '.join(left)}, as the source called it before" if left else ""
    return replace(load, notices=(*load.notices, *notices)), warning


def lines_naming(root: Path, column: str, stream: StreamId, *, is_rewritten: bool = False) -> Iterator[str]:
    """Yield `file:line` of the project file, of the stream's pinned schema and of models that name a column and are not the scaffold's own.

    Args:
        root: The project folder.
        column: The column's name in bronze.
        stream: Its stream.
        is_rewritten: Whether the scaffold has followed: what of its own about the stream still names the column belongs to an edited model.
    """
    from lakesmith.dbt.scaffold import is_own

    left = f"stg_{stream.source}__{stream.name}" if is_rewritten else None

    word = re.compile(rf"(?<![\w]){re.escape(column)}(?![\w])", re.IGNORECASE)
    folders = [root / name for name in NAMED_IN]
    files = [root / "lakesmith.yml", *sorted((root / "sources").glob("*.yml"))]
    files += [file for folder in folders for file in sorted(folder.rglob("*")) if file.suffix in TEXTS]
    for file in files:
        text = file.read_text("utf-8", "replace") if file.is_file() else ""
        if (is_own(text) and file.stem != left) or (file.parent == root / "schemas" and file.stem != str(stream)):
            continue
        for number, line in enumerate(text.splitlines(), start=1):
            if word.search(line):
                yield f"{file.relative_to(root).as_posix()}:{number}"


def _listed(lines: tuple[str, ...]) -> str:
    more = f" and {len(lines) - SHOWN} more" if len(lines) > SHOWN else ""
    return ", ".join(lines[:SHOWN]) + more
