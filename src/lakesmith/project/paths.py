"""Where things are in a project folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PROJECT_FILE = "lakesmith.yml"
LOCAL = "local"


@dataclass(frozen=True, slots=True)
class ProjectPaths:
    """The folders of one project. Only the ones a person edits exist before the first run."""

    root: Path

    @property
    def file(self) -> Path:
        """`lakesmith.yml`."""
        return self.root / PROJECT_FILE

    @property
    def state(self) -> Path:
        """`.lakesmith/`: what Lakesmith makes for itself and can make again, and the run store."""
        return self.root / ".lakesmith"

    @property
    def build(self) -> Path:
        """`.lakesmith/build/`: the engine's private workspace, one build file per target."""
        return self.state / "build"

    @property
    def profiles(self) -> Path:
        """`.lakesmith/`: the folder of the generated `profiles.yml`."""
        return self.state

    @property
    def store(self) -> Path:
        """`.lakesmith/runs.db`: the run store."""
        return self.state / "runs.db"

    @property
    def logs(self) -> Path:
        """`.lakesmith/logs/`: one file per run."""
        return self.state / "logs"

    @property
    def lake(self) -> Path:
        """`lake/`: bronze and its catalog, for targets that keep them in the folder."""
        return self.root / "lake"

    @property
    def warehouse(self) -> Path:
        """`warehouse/`: what readers open."""
        return self.root / "warehouse"

    def warehouse_of(self, target: str) -> Path:
        """Return what readers of a target open: `warehouse/` for `local`, a folder of its own in it for any other."""
        return self.warehouse if target == LOCAL else self.warehouse / target

    @property
    def dbt_target(self) -> Path:
        """`target/`: dbt's artifacts."""
        return self.root / "target"

    def lock(self, target: str) -> Path:
        """Return the lock file of a target's runs."""
        return self.state / f"{target}.lock"
