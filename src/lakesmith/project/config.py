"""A project as values: what every other part of Lakesmith reads instead of the file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from lakesmith.errors import MissingValueError, SelectionError
from lakesmith.model.places import LakeAddress, Storage, complete, scheme_of
from lakesmith.model.streams import SourceContext, StreamSpec
from lakesmith.project.alerting import AlertsSettings
from lakesmith.project.faults import nearest, spell_list
from lakesmith.project.monitoring import MonitorSettings
from lakesmith.project.paths import ProjectPaths
from lakesmith.project.settings import Pipeline, Schedule


@dataclass(frozen=True, slots=True)
class SourceConfig:
    """One source. `options` is the connector's `Options`; `missing` lists references without a value, with their places.

    `on_drift` is the policy of what is new in it: tables that it finds. With anything in `missing`, `options` may be None: ask `ProjectConfig.source` for a source that is going to be read.
    `loads` is False for a source whose tables others load.
    """

    name: str
    type: str
    options: Any = field(repr=False)
    streams: tuple[StreamSpec, ...] = field(default=(), repr=False)
    where: str = ""
    missing: tuple[str, ...] = ()
    on_drift: str = "evolve"
    loads: bool = True


@dataclass(frozen=True, slots=True)
class TargetConfig:
    """One target: engine, lake and credentials under a name.

    `lake` is a folder below the project or a URL; `catalog` None means SQLite in the lake; `storage` is how a bucket is reached, as far
    as the file says: ask `ProjectConfig.lake_of` for all of it. `bronze` names the target whose lake is
    read instead, None for an own one. `sample` limits what is built to the newest part of bronze, counted back from each table's newest load; None: all.
    """

    name: str
    engine: str = "duckdb"
    lake: str = "lake"
    catalog: str | None = field(default=None, repr=False)
    storage: Storage = field(default_factory=Storage)
    bronze: str | None = None
    ingest: bool = True
    sample: timedelta | None = None
    options: Any = field(default=None, repr=False)
    where: str = ""
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PublishConfig:
    """One set of tables to write out. `path` may hold `{name}`, `{date}`, `{target}` and `{run}`; `options` is the publisher's.

    `path` is None where the publisher says itself where data sets go. `targets` are those that publish it; None: see `published_on`.
    """

    name: str
    select: str
    format: str
    path: str | None = field(repr=False)
    options: Any = field(default=None, repr=False)
    where: str = ""
    missing: tuple[str, ...] = ()
    targets: tuple[str, ...] | None = None

    def published_on(self, target: TargetConfig) -> bool:
        """Whether a target publishes this: where nothing is said, one that only reads another's bronze writes files alone."""
        if self.targets is not None:
            return target.name in self.targets
        return target.ingest or self.path is not None


Entry = TypeVar("Entry", bound=SourceConfig | TargetConfig | PublishConfig)


@dataclass(frozen=True, slots=True)
class ProjectConfig:
    """A checked project file.

    `environment` is what `.env` adds to the real environment, for child processes. `config_hash` follows the text, not the secrets.
    """

    name: str
    version: int
    root: Path
    config_hash: str
    default_target: str = "local"
    schedule: Schedule | None = None
    pipelines: Mapping[str, Pipeline] = field(default_factory=dict)
    sources: Mapping[str, SourceConfig] = field(default_factory=dict)
    publish: Mapping[str, PublishConfig] = field(default_factory=dict)
    targets: Mapping[str, TargetConfig] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    monitor: MonitorSettings = field(default_factory=MonitorSettings, repr=False)
    alerts: AlertsSettings = field(default_factory=AlertsSettings, repr=False)

    @property
    def paths(self) -> ProjectPaths:
        """The folders of the project."""
        return ProjectPaths(self.root)

    def streams(self) -> tuple[StreamSpec, ...]:
        """Return the streams of all sources that are loaded, as the file orders them."""
        return tuple(stream for source in self.sources.values() if source.loads for stream in source.streams)

    def existing(self) -> tuple[SourceConfig, ...]:
        """Return the sources whose tables others load."""
        return tuple(source for source in self.sources.values() if not source.loads)

    def source(self, name: str) -> SourceConfig:
        """Return a source that can be read.

        Raises:
            SelectionError: If the project has no source of that name.
            MissingValueError: If a reference in it has no value here.
        """
        return _usable(self.sources, "source", name)

    def context(self, name: str) -> SourceContext:
        """Return what the connector of a source is made with.

        Raises:
            SelectionError: If the project has no source of that name.
            MissingValueError: If a reference in it has no value here.
        """
        source = self.source(name)
        return SourceContext(source.name, source.options, self.root, source.streams, source.where)

    def target(self, name: str | None = None) -> TargetConfig:
        """Return a target that can be used; the default one for None.

        Raises:
            SelectionError: If the project has no target of that name.
            MissingValueError: If a reference in it has no value here.
        """
        return _usable(self.targets, "target", name or self.default_target)

    def bronze_of(self, target: TargetConfig) -> TargetConfig:
        """Return the target that owns the lake which `target` reads.

        Raises:
            MissingValueError: If a reference in the owner has no value here.
        """
        return target if target.bronze is None else self.target(target.bronze)

    def lake_of(self, target: TargetConfig, environ: Mapping[str, str] | None = None) -> LakeAddress:
        """Return the lake that `target` reads: its owner's, with keys from the environment where the file names none.

        Args:
            target: A target of this project.
            environ: Where keys are looked for before `.env`; None: the environment of this process.

        Raises:
            MissingValueError: If a reference in the owner has no value here.
        """
        owner = self.bronze_of(target)
        known = {**self.environment, **(os.environ if environ is None else environ)}
        root = owner.lake if scheme_of(owner.lake) else os.path.normpath((self.root / owner.lake).absolute())
        return LakeAddress(root, _absolute(owner.catalog, self.root), complete(owner.storage, scheme_of(root), known))

    def publication(self, name: str) -> PublishConfig:
        """Return a publish entry that can be used.

        Raises:
            SelectionError: If the project has no such entry.
            MissingValueError: If a reference in it has no value here.
        """
        return _usable(self.publish, "publish entry", name)


def _absolute(catalog: str | None, root: Path) -> str | None:
    """Return a catalog's URL with the path of a SQLite file from the root of the file system on."""
    if catalog is None or not catalog.startswith("sqlite:///") or catalog.startswith("sqlite:////"):
        return catalog
    path, _, query = catalog.removeprefix("sqlite:///").partition("?")
    return f"sqlite:///{root.absolute() / path}{f'?{query}' if query else ''}"


def _usable(known: Mapping[str, Entry], kind: str, name: str) -> Entry:
    found = known.get(name)
    if found is None:
        raise SelectionError(
            f'There is no {kind} "{name}" in this project{nearest(name, known)}',
            where="lakesmith.yml",
            fix=f"name one of: {spell_list(tuple(known))}",
        )
    if found.missing:
        raise MissingValueError(
            "\n".join([f'The {kind} "{name}" needs values that are not here:', *found.missing]),
            where=found.where,
            fix="set them in the environment or in .env",
        )
    return found
