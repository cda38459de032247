"""One run with all that is on record of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select

from lakesmith.api.viewing.desk import Desk, at
from lakesmith.api.viewing.lines import ended, error_line, incident_lines, load_line, run_line, sums_of
from lakesmith.api.viewing.logs import tail
from lakesmith.monitor import tables
from lakesmith.monitor.writing import stamp
from lakesmith.pages.parts import size, span, words
from lakesmith.pages.timelines import mood_of
from lakesmith.pages.views.common import RunLine
from lakesmith.pages.views.details import CheckLine, Run, StepLine

MOST = 400
WORST = {"error": 0, "fail": 1, "warn": 2, "skipped": 3}


def run_view(desk: Desk, run_id: str) -> Run | None:
    """Return a run of this target, None if there is none."""
    run = tables.run
    row = desk.first(select(run).where(run.c.run_id == run_id, run.c.target == desk.target))
    if row is None:
        return None
    line = run_line(row, stamp(desk.now), sums_of(desk, [run_id])[run_id])
    errors = [error_line(one) for one in _of_run(desk, tables.error_event, run_id, "event_id")]
    check = tables.check_result
    passed = desk.number(
        select(func.count()).select_from(check).where(check.c.run_id == run_id, check.c.status == "pass")
    )
    log, left_out = tail(desk.shop.paths.logs, run_id, desk.shop.host.secrets.mask)
    incident = tables.incident
    touched = desk.all(
        select(incident)
        .where((incident.c.first_run_id == run_id) | (incident.c.last_run_id == run_id))
        .order_by(incident.c.opened_at)
        .limit(10)
    )
    return Run(
        desk.place,
        line,
        _headline(line, len(errors)),
        mood_of(line.state),
        _facts(row),
        [_step(one, line.state) for one in _of_run(desk, tables.run_step, run_id, "started_at")],
        [load_line(one) for one in _of_run(desk, tables.table_load, run_id, "load_id")],
        errors,
        _checks(desk, run_id),
        passed,
        log,
        left_out,
        incident_lines(desk, touched),
    )


def _of_run(desk: Desk, table: Any, run_id: str, order: str) -> list[Mapping[str, Any]]:
    return desk.all(select(table).where(table.c.run_id == run_id).order_by(table.c[order]).limit(MOST))


def _step(row: Mapping[str, Any], run: str) -> StepLine:
    began = at(row["started_at"])
    if began is None:
        raise ValueError("a step without a beginning")
    numbers = (row["seconds"], row["attempt"], row["cpu_s"], row["peak_rss_bytes"], row["message"])
    return StepLine(row["step"], row["kind"], ended(row["state"], run), began, at(row["finished_at"]), *numbers)


def _checks(desk: Desk, run_id: str) -> list[CheckLine]:
    check = tables.check_result
    rows = desk.all(select(check).where(check.c.run_id == run_id, check.c.status != "pass").limit(MOST))
    lines = [
        CheckLine(row["check_id"], row["relation"], row["status"], row["severity"], row["failures"], row["message"])
        for row in rows
    ]
    return sorted(lines, key=lambda one: (WORST.get(one.status, 4), one.relation, one.name))


def _headline(line: RunLine, errors: int) -> str:
    took = f" after {span(line.seconds)}" if line.seconds is not None else ""
    said = f": {line.message.removesuffix('.')}" if line.message else ""
    more = f"; {errors} errors" if errors > 1 else ""
    return f"{words(line.state).capitalize()}{took}{said}{more}."


def _facts(row: Mapping[str, Any]) -> dict[str, str]:
    dirty = " with changes that are not committed" if row["code_dirty"] else ""
    libraries = json.loads(row["versions"] or "{}")
    return {
        "pipeline": row["pipeline"] or "",
        "command": f"{row['command']} {row['selection']}".strip(),
        "started by": " ".join(filter(None, (row["trigger"], row["trigger_detail"], row["requested_by"]))),
        "was due (UTC)": (row["nominal_at"] or "")[:16].replace("T", " "),
        "began (UTC)": row["started_at"][:19].replace("T", " "),
        "ended (UTC)": (row["finished_at"] or "")[:19].replace("T", " "),
        "project file": row["config_hash"][:16],
        "code": f"{row['code_version'][:12]}{dirty}" if row["code_version"] else "",
        "Lakesmith": row["version"],
        "libraries": ", ".join(f"{name} {version}" for name, version in sorted(libraries.items())),
        "host": f"{row['host']}, process {row['pid']}",
        "CPU": span(row["cpu_s"]) if row["cpu_s"] is not None else "",
        "memory at most": size(row["peak_rss_bytes"]) if row["peak_rss_bytes"] else "",
    }
