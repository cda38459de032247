"""How dbt is started: the fastest way this environment has, with nothing in it that calls home."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lakesmith.errors import MissingExtraError

# Nearly all of dbt's time is importing itself and taking itself apart. The garbage collector walks those objects again and again
# and frees none, so it is off while they are made, and the process leaves once dbt's own exit hooks have closed the database.
# Together a fifth of a small build.
_START = """
import atexit, gc, os, sys
gc.disable()
ended = [1]
def leave():
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(ended[0])
atexit.register(leave)
from dbt.cli.main import cli
gc.freeze()
gc.enable()
try:
    cli()
except SystemExit as end:
    ended[0] = end.code if isinstance(end.code, int) else int(end.code is not None)
    raise
"""

QUIET = {
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "DBT_VERSION_CHECK": "false",
    "DO_NOT_TRACK": "1",
    "PYTHONDONTWRITEBYTECODE": "",  # set by many container images; without the cache each start compiles dbt again
}
TOLD = "LAKESMITH_RUN_"
"""How variables begin that say which run this is. A query comment may read them; a model may not, dbt would parse it anew each time."""


@dataclass(frozen=True, slots=True)
class DbtRequest:
    """One dbt process: what it does, where, and with which profile.

    Args:
        root: The dbt project's folder, in which dbt runs.
        profiles: The folder of `profiles.yml`.
        target: The profile's output.
        logs: Where dbt may put logs; without it dbt makes a folder `logs/` in the project.
        run_id: Goes into every event.
        command: `build`, `run`, `test`, `compile`, `parse`, `seed`, `snapshot` or `docs generate`.
        select: dbt selectors, a union; empty selects everything.
        exclude: dbt selectors to leave out.
        variables: dbt's `--vars`. Values that differ from the last run's make dbt parse everything again.
        full_refresh: Build incremental models from the beginning.
        env: Variables added to this process's own, for `env_var()` in the profile.
        arguments: Anything else, put at the end.
    """

    root: Path
    profiles: Path
    target: str
    logs: Path
    run_id: str = ""
    command: str = "build"
    select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    variables: Mapping[str, Any] = field(default_factory=dict)
    full_refresh: bool = False
    env: Mapping[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()

    @property
    def artifacts(self) -> Path:
        """`target/`: where dbt writes its artifacts."""
        return self.root / "target"


def command_line(request: DbtRequest) -> list[str]:
    """Return program and arguments for `request`, logging JSON lines to standard output.

    Raises:
        MissingExtraError: If dbt is not installed beside this Python.
    """
    return [
        *_program(),
        *("--log-format", "json", "--log-level", "info", "--no-use-colors", "--no-version-check"),
        # dbt's own log file would hold row values: databases quote them in their messages
        *("--no-send-anonymous-usage-stats", "--log-level-file", "none", "--log-path", str(request.logs)),
        *("--partial-parse", "--write-json"),
        *request.command.split(),
        *("--project-dir", str(request.root), "--profiles-dir", str(request.profiles)),
        *("--target", request.target, "--target-path", str(request.artifacts)),
        *_choices(request),
        *request.arguments,
    ]


def environment(request: DbtRequest) -> dict[str, str]:
    """Return the variables to add to this process's own for `request`; `lakesmith.query_comment` tells warehouses some of them."""
    told = {f"{TOLD}ID": request.run_id, f"{TOLD}STEP": request.command} if request.run_id else {}
    return {**QUIET, **told, **request.env}


def pass_through(request: DbtRequest, arguments: list[str]) -> tuple[list[str], dict[str, str]]:
    """Return command and added variables for `lakesmith dbt …`: the person's own arguments, our profile.

    The profile goes through the environment, so that what the person writes wins and commands without a profile work as well.

    Raises:
        MissingExtraError: If dbt is not installed beside this Python.
    """
    ours = {
        "DBT_PROFILES_DIR": str(request.profiles),
        "DBT_TARGET": request.target,
        "DBT_LOG_PATH": str(request.logs),
        "DBT_PROJECT_DIR": str(request.root),
        "DBT_TARGET_PATH": str(request.artifacts),
        "DBT_LOG_LEVEL_FILE": "none",
    }
    return [*_program(), *arguments], {**environment(request), **ours}


def _choices(request: DbtRequest) -> list[str]:
    words: list[str] = []
    if request.select:
        words += ["--select", *request.select]
    if request.exclude:
        words += ["--exclude", *request.exclude]
    if request.variables:
        words += ["--vars", json.dumps(dict(request.variables), sort_keys=True)]
    if request.full_refresh:
        words.append("--full-refresh")
    return words


def _program() -> list[str]:
    spec = importlib.util.find_spec("dbt")
    homes = (spec.submodule_search_locations or []) if spec else []
    if any((Path(home) / "cli" / "main.py").is_file() for home in homes):
        return [sys.executable, "-P", "-c", _START]
    script = Path(sys.executable).with_name("dbt.exe" if os.name == "nt" else "dbt")
    if script.is_file():  # a dbt that is not a Python program
        return [str(script)]
    raise MissingExtraError(
        "dbt is not installed beside this Python.",
        where=sys.executable,
        fix="run `pip install lakesmith` in this environment, for a target on PostgreSQL `pip install 'lakesmith[postgres]'`",
    )
