"""What `check` shows of one file: how it is packed, and what the beginning of its content looks like."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from lakesmith.sources.files.formats import load_format
from lakesmith.sources.files.formats.base import Sight
from lakesmith.sources.files.options import FileStreamOptions
from lakesmith.sources.files.reading.contents import Content, Handles, contents_of, format_of_member, kind_to_unpack
from lakesmith.sources.files.unpacking.kinds import PACKINGS, ZIP, kind_of_name
from lakesmith.sources.files.unpacking.members import wanted_of
from lakesmith.sources.files.unpacking.zips import Archive

UNSAID = ", which the name of the file does not say"
SHOWN = 5
"""How many members are named before they are only counted."""


def look_into(handles: Handles, options: FileStreamOptions) -> Iterator[tuple[str, Sight]]:
    """Yield names, of a file or of what is packed in it, and what there is to say: of an archive its members, and the first that is read.

    Raises:
        SourceDataError: If the file cannot be read.
        OSError: If the file cannot be read, or the disk is full.
    """
    if kind_to_unpack(handles, options) == ZIP:
        yield handles.name, _members(handles, options)
    with closing(contents_of(handles, options)) as contents:
        for content in contents:
            if content.format and not content.fault:
                yield content.origin, _sight(content, handles.name, options)
                return


def _sight(content: Content, name: str, options: FileStreamOptions) -> Sight:
    how = "".join(f", packed with {PACKINGS[kind].program}" for kind in content.packings)
    unsaid = UNSAID if content.packings and kind_of_name(name) is None else ""
    if content.is_blank:
        return Sight(f"{content.format}{how}{unsaid}, empty")
    sight = load_format(content.format or "").look(content.head, options, content.origin)
    return Sight(f"{content.format}{how}{unsaid}, {sight.text}", sight.doubt, sight.fix)


def _members(handles: Handles, options: FileStreamOptions) -> Sight:
    entries = Archive(handles.name, handles.head).entries()
    wanted = [entry.name for entry in wanted_of(entries, handles.name, options.member_patterns)]
    unknown = [
        name for name in wanted if format_of_member(name, handles.name, options) is None and not kind_of_name(name)
    ]
    doubt = f"members whose name tells no format go to quarantine: {_named(unknown)}" if unknown else ""
    fix = "name the members to read by `members:`, or set `format:`" if unknown else ""
    return Sight(f"archive, {len(wanted)} of {len(entries)} members are read: {_named(wanted)}", doubt, fix)


def _named(names: list[str]) -> str:
    return ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "")
