"""What changed over time, as marks for pictures: code, project file, libraries, schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import select

from lakesmith.api.viewing.desk import Desk, at
from lakesmith.monitor import tables
from lakesmith.pages.views.common import ChangeLine, Mark

MOST_MARKS = 24


def marks_between(runs: Sequence[Mapping[str, Any]], changes: Sequence[ChangeLine]) -> list[Mark]:
    """Return what was different from one run to the next (oldest first), and the changes of shape."""
    marks = []
    for before, after in pairwise(runs):
        began = _began(after)
        if before["code_version"] and after["code_version"] and before["code_version"] != after["code_version"]:
            marks.append(Mark(began, "code", f"{before['code_version'][:10]} → {after['code_version'][:10]}"))
        if before["config_hash"] != after["config_hash"]:
            marks.append(Mark(began, "config", f"{before['config_hash'][:10]} → {after['config_hash'][:10]}"))
        if before["version"] != after["version"]:
            marks.append(Mark(began, "versions", f"Lakesmith {before['version']} → {after['version']}"))
    marks += [
        Mark(change.seen_at, "schema", f"{change.stream}: {change.kind.replace('_', ' ')} {change.column}")
        for change in changes
    ]
    return sorted(marks, key=lambda mark: mark.at)[-MOST_MARKS:]


def runs_of(desk: Desk, ids: Sequence[str]) -> list[Mapping[str, Any]]:
    """Return what runs ran with, oldest first."""
    run = tables.run
    query = select(run).where(run.c.run_id.in_(list(dict.fromkeys(ids)))).order_by(run.c.started_at)
    return desk.all(query)


def _began(row: Mapping[str, Any]) -> datetime:
    found = at(row["started_at"])
    if found is None:
        raise ValueError("a run without a beginning")
    return found
