"""A published folder: what is in it is replaced as a whole, and never half there."""

from __future__ import annotations

import contextlib
import glob
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from lakesmith.host import crash
from lakesmith.host.files import fsync_file, fsync_folder, storage_errors
from lakesmith.host.ids import Ids


@contextlib.contextmanager
def replaced(folder: Path, ours: str) -> Iterator[Path]:
    """Give a folder aside to write into; when the `with` ends well its files take the place of the earlier ones in `folder`.

    Readers find the earlier file or the new one at every moment. What somebody else put into `folder` stays.

    Args:
        folder: Where readers look; made if missing.
        ours: Pattern of the whole names of earlier files that the new ones replace.

    Raises:
        StorageFullError: If the disk is full.
        StorageUnavailableError: If the folder cannot be written.
    """
    with storage_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        for left in folder.parent.glob(f".{glob.escape(folder.name)}.*.tmp"):
            shutil.rmtree(left)
        aside = folder.with_name(f".{folder.name}.{Ids().ticket()}.tmp")
        aside.mkdir()
        try:
            yield aside
            for file in aside.iterdir():
                fsync_file(file)
            crash.point("publish.written")
            _move_in(aside, folder, ours)
        finally:
            shutil.rmtree(aside, ignore_errors=True)


def _move_in(aside: Path, folder: Path, ours: str) -> None:
    if not folder.exists():
        aside.rename(folder)
        fsync_folder(folder.parent)
        return
    names = {file.name for file in aside.iterdir()}
    for name in names:
        (aside / name).replace(folder / name)
    crash.point("publish.moved")
    for earlier in folder.iterdir():
        if earlier.name not in names and re.fullmatch(ours, earlier.name):
            earlier.unlink()
    fsync_folder(folder)
