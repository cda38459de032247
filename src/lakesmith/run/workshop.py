"""Everything a run works with, put together once and handed on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from lakesmith.host import Host
from lakesmith.model.events import Cause
from lakesmith.model.places import LakeAddress
from lakesmith.model.plans import EngineContext
from lakesmith.model.protocols import Closes, Source
from lakesmith.model.streams import StreamId
from lakesmith.project.config import ProjectConfig, TargetConfig
from lakesmith.project.connectors import Connectors
from lakesmith.project.paths import ProjectPaths

if TYPE_CHECKING:
    from lakesmith.lake import Lake

Part = TypeVar("Part")

SOURCE = "source:"


@dataclass(frozen=True, slots=True)
class Workshop:
    """A project on one target: its sources, its lake and its engine. Parts are made when first asked for."""

    config: ProjectConfig
    target: TargetConfig
    host: Host
    connectors: Connectors = field(default_factory=Connectors.installed)
    _made: dict[str, Any] = field(default_factory=dict)

    @property
    def paths(self) -> ProjectPaths:
        """The folders of the project."""
        return self.config.paths

    @property
    def lake(self) -> Lake:
        """The lake that this target reads."""
        from lakesmith.lake import Lake

        return self._once("lake", lambda: Lake(self.address, self.host))

    @property
    def address(self) -> LakeAddress:
        """Where the lake that this target reads is, and how it is reached."""
        return self._once("address", lambda: self.config.lake_of(self.target))

    @property
    def engine(self) -> Any:
        """The engine, which fits `model.protocols.Engine`."""
        warehouse = self.paths.warehouse_of(self.target.name)
        return self._once("engine", lambda: self.connectors.engine(self.target.engine)(self._engine_context(warehouse)))

    def _engine_context(self, warehouse: Path) -> EngineContext:
        name, options, paths = self.target.name, self.target.options, self.paths
        return EngineContext(name, options, paths.root, paths.build, warehouse, self.address)

    def source(self, name: str) -> Source:
        """Return a source that can be read.

        Raises:
            MissingValueError: If a reference in its options has no value here.
            ConnectorOptionsError: If its connector cannot be loaded.
        """
        kind = self.config.source(name).type

        def make() -> Source:
            """Make the source."""
            source: Source = self.connectors.source(kind)(self.config.context(name))
            return source

        return self._once(SOURCE + name, make)

    @contextmanager
    def sources_in_use(self) -> Iterator[None]:
        """Close, at the end of a `with`, the sources that were used in it."""
        try:
            yield
        finally:
            self.close_sources()

    @contextmanager
    def engine_in_use(self) -> Iterator[None]:
        """Let, at the end of a `with`, the engine go of what it holds, such as a lock; it is made anew when asked for again."""
        try:
            yield
        finally:
            engine = self._made.pop("engine", None)
            if isinstance(engine, Closes):
                engine.close()

    def close_sources(self) -> None:
        """Let the sources made so far go of what they hold; one that is asked for later is made anew."""
        for name in [name for name in self._made if name.startswith(SOURCE)]:
            source = self._made.pop(name)
            if isinstance(source, Closes):
                source.close()

    def publisher(self, name: str) -> Any:
        """Return the publisher of a publish entry, which fits `model.protocols.Publisher`."""
        entry = self.config.publication(name)
        return self._once(f"publisher:{name}", lambda: self.connectors.publisher(entry.format)(entry.options))

    @property
    def has_models(self) -> bool:
        """Whether there is a dbt project with something to build."""
        root = self.paths.root
        return (root / "dbt_project.yml").is_file() and next(root.glob("models/**/*.sql"), None) is not None

    def models_now(self) -> str:
        """Return the fingerprint of everything that decides what dbt builds on this target; empty without models."""
        from lakesmith.about import __version__
        from lakesmith.dbt.fingerprint import fingerprint

        if not self.has_models:
            return ""
        cache = self.paths.state / "fingerprint.json"
        return fingerprint(self.paths.root, cache, extra=(self.target.name, __version__))

    def _once(self, name: str, make: Callable[[], Part]) -> Part:
        if name not in self._made:
            self._made[name] = make()
        part: Part = self._made[name]
        return part


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody asked a run to do. `on` is the date that goes into paths of publications.

    `rebuild` is a stream to load from the start, or, with `since`, from that day on. `rollback` names the tables that go back, each
    with the snapshot it goes back to; such a run loads nothing. `rollback_from` is what readers saw when that was decided.
    `cause` is why somebody asked; None: the environment says so, or nobody.
    """

    select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    on: date | None = None
    full_refresh: bool = False
    rebuild: StreamId | None = None
    since: date | None = None
    rollback: Mapping[StreamId, int] = field(default_factory=dict)
    rollback_from: Mapping[StreamId, int] = field(default_factory=dict)
    cause: Cause | None = None

    @property
    def everything(self) -> bool:
        """Whether nothing was left out."""
        return not self.select and not self.exclude

    @property
    def command(self) -> str:
        """The command that gives such an order."""
        return "rollback" if self.rollback else "rebuild" if self.rebuild else "run"


def relative(path: Path, root: Path) -> str:
    """Return a path as people in the project folder write it."""
    try:
        return path.relative_to(root).as_posix()
    except ValueError:
        return str(path)
