"""Streams that sources find by themselves: looked for before anything is planned, so that a new table is loaded the day it comes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from lakesmith.errors import LakesmithError
from lakesmith.model.protocols import Discovers
from lakesmith.model.streams import Discovery, Finding
from lakesmith.project.load import keep_streams, load_project
from lakesmith.run.plan import size_words
from lakesmith.run.workshop import Workshop

SHOWN = 20
"""How many streams are named in a sentence."""


@dataclass(frozen=True, slots=True)
class News:
    """What sources found that nobody knew of, by source: streams `taken` in, or only `told` for the sake of the policy of drift.

    `faults` says why a source could not be asked.
    """

    taken: dict[str, Sequence[Discovery]] = field(default_factory=dict)
    told: dict[str, Sequence[Discovery]] = field(default_factory=dict)
    faults: dict[str, LakesmithError] = field(default_factory=dict)

    def sentences(self) -> Iterator[tuple[str, str]]:
        """Yield each source with what was found there, sizes included."""
        for name, found in self.taken.items():
            yield name, found_words(found)
        for name, found in self.told.items():
            yield name, f"{found_words(found)}; not taken in, as only `on_drift: evolve` does"

    def plans(self) -> Iterator[tuple[str, str]]:
        """Yield each source that a plan has to speak of, with what a run would take in, or why it cannot be asked."""
        yield from ((name, f"cannot be asked for its tables: {error.what}") for name, error in self.faults.items())
        yield from ((name, found_words(found)) for name, found in self.taken.items())

    def findings(self) -> Iterator[Finding]:
        """Yield what `check` says of it; of the sources that could not be asked, too."""
        fixes = dict.fromkeys(self.told, "name it under `streams:`, or set `on_drift: evolve`")
        for name, sentence in self.sentences():
            yield Finding("note", name, sentence, fixes.get(name, ""))
        for name, error in self.faults.items():
            yield Finding("error", name, error.what + (f" ({error.where})" if error.where else ""), error.fix)

    def facts(self) -> list[dict[str, object]]:
        """Return all that was found as plain values."""
        return [
            {"stream": f"{name}.{one.name}", "size_bytes": one.size_bytes, "taken_in": by_source is self.taken}
            for by_source in (self.taken, self.told)
            for name, found in by_source.items()
            for one in found
        ]


NOTHING = News()


def discover(shop: Workshop, *, keep: bool) -> tuple[Workshop, News]:
    """Ask every source with `include:` what it has; return the workshop that knows of it, and what is new.

    A source whose policy of drift is not `evolve` has its new streams told and not taken in.

    Args:
        shop: The workshop.
        keep: Whether what is taken in belongs to the project from now on, also when its source is not asked.

    Raises:
        StorageUnavailableError: If it cannot be written down.
        ProjectFileError: If what was found makes no project.
    """
    news = News()
    if not shop.target.ingest:
        return shop, news
    for name, source in shop.config.sources.items():
        if not getattr(source.options, "include", ()):
            continue
        try:
            found = _asked(shop, name)
        except LakesmithError as error:
            news.faults[name] = error
            continue
        if found:
            (news.taken if source.on_drift == "evolve" else news.told)[name] = found
    if keep:
        for name, taken in news.taken.items():
            keep_streams(shop.config.root, name, taken)
    return (_knowing(shop, news.taken) if news.taken else shop), news


def reopened(shop: Workshop) -> Workshop:
    """Return the workshop of the project as it is now, with all that was found and kept."""
    return _knowing(shop, {})


def found_words(found: Sequence[Discovery]) -> str:
    """Return new streams as people read them, with their sizes.

    Examples:
        >>> found_words([Discovery("orders", {}, 1_200_000), Discovery("seen")])
        '2 new tables, 1.2 MB in all: orders (1.2 MB), seen (of no known size)'
    """
    total = size_words(sum(one.size_bytes or 0 for one in found))
    named = [f"{one.name} ({_size(one)})" for one in found[:SHOWN]]
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    tables = "1 new table" if len(found) == 1 else f"{len(found)} new tables"
    return f"{tables}, {total} in all: {', '.join(named)}{more}"


def _size(one: Discovery) -> str:
    return "of no known size" if one.size_bytes is None else size_words(one.size_bytes)


def _asked(shop: Workshop, name: str) -> tuple[Discovery, ...]:
    with shop.sources_in_use():
        reader = shop.source(name)
        return tuple(reader.discover()) if isinstance(reader, Discovers) else ()


def _knowing(shop: Workshop, found: Mapping[str, Sequence[Discovery]]) -> Workshop:
    besides = {name: {one.name: dict(one.said) for one in streams} for name, streams in found.items()}
    config = load_project(shop.config.root, host=shop.host, connectors=shop.connectors, found=besides)
    return replace(shop, config=config, target=config.target(shop.target.name), _made={})
