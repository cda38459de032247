"""A project opened on another day: sources that ask by days are told the demo's day, and wait for nobody."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lakesmith.host.patience import Patience

if TYPE_CHECKING:
    from lakesmith.api import Project
    from lakesmith.host.stop import Stop


class Impatience(Patience):
    """Waits no time at all: the demo's servers are on this machine, and nobody else asks them."""

    def wait(self, seconds: float, stop: Stop) -> None:  # noqa: ARG002 - that is the point
        """Look only whether somebody asks to stop."""
        stop.check()


def open_on(folder: Path, moment: datetime, types: Sequence[str]) -> Project:
    """Open a project whose sources of some types plan as if it were another time.

    Args:
        folder: The project's.
        moment: When it is for them, aware.
        types: Types of sources that ask an API.
    """
    from lakesmith.api import Project
    from lakesmith.host import Host
    from lakesmith.project import Connectors, load_project
    from lakesmith.project.connectors import SOURCES
    from lakesmith.run.workshop import Workshop

    installed = Connectors.installed()
    moved = {name: _moved(installed.source(name), lambda: moment) for name in types}
    connectors = Connectors({**installed.entries, SOURCES: {**installed.entries[SOURCES], **moved}})
    host = Host()
    config = load_project(folder, host=host, connectors=connectors)
    return Project(Workshop(config, config.target(None), host, connectors))


def _moved(source: type[Any], now: Callable[[], datetime]) -> type[Any]:
    """Return a source that plans by another clock, and never waits; tokens go by the machine's."""

    class Moved(source):  # type: ignore[misc]  # whatever the source is
        """The source on another day."""

        def __init__(self, context: Any) -> None:
            super().__init__(context, patience=Impatience())

        def planning(self, stream: Any) -> Any:
            """Return what plans a stream on that day."""
            return replace(super().planning(stream), now=now())

    return Moved
