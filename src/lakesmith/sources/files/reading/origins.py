"""From what rows are called after, back to the file, or to the member of an archive, that they came from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from lakesmith.errors import SourceMissingError, StorageUnavailableError
from lakesmith.host.files import storage_errors
from lakesmith.sources.files.formats import name_of_format
from lakesmith.sources.files.options import FileStreamOptions
from lakesmith.sources.files.places.place import Place, Status
from lakesmith.sources.files.reading.contents import Content, Handles, contents_of
from lakesmith.sources.files.reading.tape import Tape


@contextmanager
def opened_origin(place: Place, origin: str, options: FileStreamOptions) -> Iterator[Content | None]:
    """Open what an origin means; None where it is not there any more.

    Raises:
        SourceDataError: If it lies in a packed file that cannot be read.
        StorageUnavailableError: If its file is there, and cannot be read.
    """
    found = _find(place, origin)
    if found is None:
        yield None
        return
    name, status = found
    with storage_errors(place.path(name)), place.open(name) as head, place.open(name) as file:
        handles = Handles(name, options.format_of(name), status.size, head, Tape(file, status.size))
        with closing(contents_of(handles, options)) as contents:
            yield next((content for content in contents if _is_of(origin, content)), None)


def _is_of(origin: str, content: Content) -> bool:
    """Whether a file is what rows were called after, or they were called after a part of it."""
    return origin == content.origin or origin.startswith(f"{content.origin}/")


def _find(place: Place, origin: str) -> tuple[str, Status] | None:
    """Return the file of an origin: its own name, or that of an archive or a workbook which its path leads through."""
    parts = origin.split("/")
    for size in range(len(parts), 0, -1):
        name = "/".join(parts[:size])
        if size == len(parts) or name_of_format(name) is not None:  # a folder is no archive
            try:
                return name, place.status(name)
            except SourceMissingError:
                continue
            except StorageUnavailableError as error:
                if not isinstance(error.__cause__, NotADirectoryError):
                    raise
    return None
