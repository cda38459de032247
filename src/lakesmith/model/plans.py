"""A plan: the steps of a run as plain values, printed by `plan`, executed by `run`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lakesmith.model.places import LakeAddress


@dataclass(frozen=True, slots=True)
class Step:
    """One node of a run.

    `kind` is load, rollback, watch, attach, build, swap or publish. `needs` names the steps that must have succeeded; `selects` what it works on
    (a stream, dbt selectors, data sets); `reason` says why it is in the plan, for people; `resources` what it may use.
    """

    name: str
    kind: str
    needs: tuple[str, ...] = ()
    selects: tuple[str, ...] = ()
    reason: str = ""
    resources: dict[str, Any] = field(default_factory=dict)


Plan = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class EngineContext:
    """What an engine is made with: the target's name, its validated options, and the folders it works in.

    `build` is the engine's private workspace (a folder), `warehouse` what readers open, `lake` where bronze lies (None: a folder that
    needs no keys).
    """

    target: str
    options: Any
    root: Path
    build: Path
    warehouse: Path
    lake: LakeAddress | None = None


@dataclass(frozen=True, slots=True)
class Dataset:
    """A tested table that readers open: the swapped Parquet files of one relation, with its dbt tags and description."""

    name: str
    schema: str
    files: tuple[str, ...]
    rows: int
    tags: tuple[str, ...] = ()
    description: str = ""
    built_at: str = ""

    @property
    def relation(self) -> str:
        """`schema.name`."""
        return f"{self.schema}.{self.name}"
