"""What a run happens under: who or what started it, which code of the project, which libraries, on which machine."""

from __future__ import annotations

import getpass
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from lakesmith.about import __version__
from lakesmith.host.measuring import boot_id
from lakesmith.model.events import LEASE, Cause, RunStarted
from lakesmith.run.workshop import Workshop

LIBRARIES = ("dbt-core", "dbt-duckdb", "dbt-postgres", "duckdb", "polars", "pyarrow", "pyiceberg", "sqlalchemy")
"""What decides, besides the project, what a run makes."""
GIT_LIMIT_S = 2.0
AIRFLOW = "AIRFLOW_CTX_"


def run_started(shop: Workshop, run_id: str, command: str, selection: str, cause: Cause | None = None) -> RunStarted:
    """Return the event that begins the record of a run; its lease is to be renewed while it goes on."""
    now, found = shop.host.clock.now(), cause_from(os.environ, cause)
    commit, is_dirty = code_of(shop.paths.root)
    return RunStarted(
        run_id=run_id,
        at=now,
        project=shop.config.name,
        target=shop.target.name,
        command=command,
        selection=selection,
        trigger=found.trigger,
        version=__version__,
        config_hash=shop.config.config_hash,
        host=platform.node(),
        pid=os.getpid(),
        lease_until=now + LEASE,
        cause=found,
        code_version=commit,
        code_dirty=is_dirty,
        versions=dict(versions()),
        boot_id=boot_id(),
    )


def cause_from(environ: Mapping[str, str], given: Cause | None = None) -> Cause:
    """Return why there is a run: what its caller gave, then what the environment says, then what can be seen."""
    given = given or Cause()
    airflow = environ.get(f"{AIRFLOW}DAG_ID")
    nominal_at = environ.get("LAKESMITH_NOMINAL_AT") or environ.get(f"{AIRFLOW}EXECUTION_DATE")
    said = environ.get("LAKESMITH_TRIGGER") or ("airflow" if airflow else "")
    parts = (airflow, environ.get(f"{AIRFLOW}TASK_ID"), environ.get(f"{AIRFLOW}DAG_RUN_ID"))
    detail = environ.get("LAKESMITH_TRIGGER_DETAIL") or (" ".join(filter(None, parts)) if airflow else "")
    attempt = environ.get("LAKESMITH_ATTEMPT") or environ.get(f"{AIRFLOW}TRY_NUMBER") or ""
    return Cause(
        trigger=given.trigger or said or ("cli" if "lakesmith.cli.main" in sys.modules else "api"),
        detail=given.detail or detail,
        nominal_at=given.nominal_at or _time(nominal_at),
        requested_by=given.requested_by or environ.get("LAKESMITH_REQUESTED_BY") or _user(),
        pipeline=given.pipeline or environ.get("LAKESMITH_PIPELINE") or "",
        attempt=max(given.attempt, int(attempt) if attempt.isascii() and attempt.isdecimal() else 1),
    )


def code_of(root: Path) -> tuple[str, bool | None]:
    """Return the commit that a folder is at, and whether its files were changed since; empty and None outside of git, or without it."""
    if not any((folder / ".git").exists() for folder in (root, *root.parents)):
        return "", None
    command = ["git", "-c", "core.fsmonitor=false", "-c", "core.untrackedCache=false", "status"]
    options = ["--porcelain=v2", "--branch", "--untracked-files=no", "--ignore-submodules", "--", "."]
    try:
        told = subprocess.run(
            [*command, *options],
            cwd=root,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"},
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=GIT_LIMIT_S,
            check=True,
        ).stdout.decode("utf-8", "replace")
    except (OSError, subprocess.SubprocessError):
        return "", None
    lines = told.splitlines()
    commit = next((line.removeprefix("# branch.oid ") for line in lines if line.startswith("# branch.oid ")), "")
    return ("" if commit == "(initial)" else commit), any(not line.startswith("#") for line in lines)


@cache
def versions() -> tuple[tuple[str, str], ...]:
    """Return the libraries that are installed, and Python, each with its version."""
    found = [("python", platform.python_version())]
    for name in LIBRARIES:
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:
            continue
    return tuple(found)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no name for this number, or none at all
        return ""


def _time(text: str | None) -> datetime | None:
    """Return a time as it is written in the environment; without a zone it is UTC, and None if it is none."""
    try:
        at = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
