"""Bronze tables by the names people call them, and what happened to them."""

from __future__ import annotations

from difflib import get_close_matches

from lakesmith.errors import SelectionError
from lakesmith.model.streams import StreamId
from lakesmith.model.versions import Version
from lakesmith.run.workshop import Workshop

LAYERS = ("bronze.", "bronze_")


def find_stream(shop: Workshop, name: str) -> StreamId | None:
    """Return the stream of the project, or the table of its lake, that `name` means; None if there is none, or more than one.

    `source.stream`, `bronze.source.stream`, `bronze_source.stream` and, where that is unique, `stream` all name it.
    """
    known = known_tables(shop)
    plain = next((name.removeprefix(layer) for layer in LAYERS if name.startswith(layer)), name)
    for wanted in dict.fromkeys((name, plain)):
        if wanted in known:
            return known[wanted]
        found = [stream for stream in known.values() if stream.name == wanted]
        if len(found) == 1:
            return found[0]
    return None


def known_tables(shop: Workshop) -> dict[str, StreamId]:
    """Return every stream of the project and every table of its lake, by `source.stream`."""
    streams = {*(spec.id for spec in shop.config.streams()), *shop.lake.streams()}
    return {str(stream): stream for stream in sorted(streams)}


def need_table(shop: Workshop, name: str) -> StreamId:
    """Return the stream whose table `name` means; see `find_stream`.

    Raises:
        SelectionError: If there is none, or more than one.
    """
    stream = find_stream(shop, name)
    if stream is None:
        raise unknown_table(shop, name)
    return stream


def unknown_table(shop: Workshop, name: str, what: str = "bronze table") -> SelectionError:
    """Return the error that says what `name` might have meant."""
    known = known_tables(shop)
    plain = next((name.removeprefix(layer) for layer in LAYERS if name.startswith(layer)), name)
    same = [text for text, stream in known.items() if stream.name == plain]
    names = [stream.name for stream in known.values()]
    near = same or get_close_matches(plain, known, n=2) or get_close_matches(plain, names, n=2)
    hint = f"did you mean {' or '.join(near)}?" if near else f"the tables are {', '.join(known) or 'none yet'}"
    problem = f"{len(same)} {what}s are" if same else f"There is no {what}"
    return SelectionError(f"{problem} called {name!r}.", where="lakesmith.yml", fix=hint)


def versions_of(shop: Workshop, stream: StreamId) -> list[Version]:
    """Return what happened to a table, newest first; empty where it has never been loaded."""
    from lakesmith.lake.contents.chronicle import versions_of as read

    return read(shop.lake.table(stream))
