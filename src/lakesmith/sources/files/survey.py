"""What `check` says about a stream of files: how many there are, and what the first of them looks like."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from lakesmith.errors import LakesmithError
from lakesmith.host.files import storage_errors
from lakesmith.model.streams import Finding, StreamSpec
from lakesmith.sources.files.looking import look_into
from lakesmith.sources.files.places.place import Found, Place
from lakesmith.sources.files.reading.contents import Handles
from lakesmith.sources.files.reading.tape import Tape

KILO = 1000
UNITS = ("bytes", "kB", "MB", "GB", "TB")


def survey(place: Place, stream: StreamSpec, find: Callable[[StreamSpec], list[Found]]) -> Iterator[Finding]:
    """Yield what there is to say about one stream; faults become findings, so that all streams are looked at."""
    try:
        files = find(stream)
        yield _count(stream, files)
        yield from closed(stream, files)
        filled = next((file for file in files if file.size and not file.fault), None)
        if filled is not None:
            yield from _look(place, stream, filled)
    except LakesmithError as error:
        yield Finding("error", str(stream.id), error.what, error.fix)


def closed(stream: StreamSpec, files: Iterable[Found]) -> Iterator[Finding]:
    """Yield a warning for every file or folder that cannot be read, whatever is in it."""
    for file in files:
        if file.fault:
            yield Finding("warning", str(stream.id), f"{file.name} cannot be read: {file.fault}")


def shown_size(size_bytes: int) -> str:
    """Return a size as people read it.

    Examples:
        >>> shown_size(1_234_567)
        '1.2 MB'
    """
    size, unit = float(size_bytes), 0
    while size >= KILO and unit < len(UNITS) - 1:
        size, unit = size / KILO, unit + 1
    return f"{size:.0f} {UNITS[0]}" if unit == 0 else f"{size:.1f} {UNITS[unit]}"


def _count(stream: StreamSpec, files: list[Found]) -> Finding:
    subject = str(stream.id)
    if not files:
        return Finding(
            "warning",
            subject,
            f"no file matches {', '.join(stream.options.patterns)}",
            "deliver a file, or correct `files:`",
        )
    size = shown_size(sum(file.size for file in files))
    return Finding("ok", subject, f"{len(files)} file{'s' if len(files) > 1 else ''}, {size}")


def _look(place: Place, stream: StreamSpec, file: Found) -> Iterator[Finding]:
    name = stream.options.format_of(file.name)
    if name is None:
        yield Finding("error", str(stream.id), f"the name of `{file.name}` does not tell its format", "set `format:`")
        return
    with storage_errors(place.path(file.name)), place.open(file.name) as head:
        handles = Handles(file.name, name, file.size, head, Tape(head, file.size))
        sights = list(look_into(handles, stream.options))
    for shown, sight in sights:
        yield Finding("note", str(stream.id), f"{shown}: {sight.text}")
        if sight.doubt:
            yield Finding("warning", str(stream.id), f"{shown}: {sight.doubt}", sight.fix)
