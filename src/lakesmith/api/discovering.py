"""Streams that sources find by themselves: looked for before anything is planned, so that a new table is loaded the day it comes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lakesmith.errors import LakesmithError
from lakesmith.model.protocols import Discovers
from lakesmith.model.streams import Discovery
from lakesmith.project.load import keep_streams, load_project
from lakesmith.run.workshop import Workshop


@dataclass(frozen=True, slots=True)
class News:
    """What sources found that nobody knew of: streams by source, or why one could not be asked."""

    streams: dict[str, tuple[Discovery, ...]]
    faults: dict[str, LakesmithError]


def discover(shop: Workshop) -> tuple[Workshop, News]:
    """Ask every source with `include:` what it has; return the workshop that knows of it, and what is new.

    A stream whose policy of drift is not `evolve` is told and not taken in.

    Raises:
        StorageUnavailableError: If it cannot be written down.
        ProjectFileError: If what was found makes no project.
    """
    news = News({}, {})
    if not shop.target.ingest:
        return shop, news
    for name, source in shop.config.sources.items():
        if not getattr(source.options, "include", ()):
            continue
        try:
            with shop.sources_in_use():
                reader = shop.source(name)
                found = tuple(reader.discover()) if isinstance(reader, Discovers) else ()
        except LakesmithError as error:
            news.faults[name] = error
            continue
        kept = keep_streams(shop.config.root, name, found)
        if kept:
            news.streams[name] = tuple(one for one in found if one.name in kept)
    if not news.streams:
        return shop, news
    config = load_project(shop.config.root, host=shop.host, connectors=shop.connectors)
    return replace(shop, config=config, target=config.target(shop.target.name), _made={}), news
