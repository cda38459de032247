"""Where things are in the lake's folder, under names that every file system keeps apart."""

from __future__ import annotations

import hashlib
import string
from dataclasses import dataclass
from pathlib import Path

from lakesmith.host.files import fsync_folder, storage_errors
from lakesmith.model.streams import StreamId

CATALOG_FILE = "catalog.db"
OWN_FOLDER = "_lakesmith"
PLAIN = frozenset(string.ascii_lowercase + string.digits + "_-")
LONGEST = 100
DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))})


def safe_name(name: str) -> str:
    """Return `name` as a file name: other characters than a-z, 0-9, _ and - become `~` and their bytes in hexadecimal.

    Two names never share a file name, not even where capitals do not count. Names over 100 characters end in a hash.

    Examples:
        >>> safe_name("orders"), safe_name("Order items"), safe_name("../etc")
        ('orders', '~4frder~20items', '~2e~2e~2fetc')
    """
    safe = "".join(character if character in PLAIN else _escape(character) for character in name)
    if safe[:1] in ("_", "-", "") or safe in DEVICES:
        safe = f"~{safe}"
    if len(safe) <= LONGEST:
        return safe
    return f"{safe[: LONGEST - 34]}~~{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"


def _escape(character: str) -> str:
    return "".join(f"~{byte:02x}" for byte in character.encode("utf-8", "surrogatepass"))


@dataclass(frozen=True, slots=True)
class Layout:
    """The folders of one lake; `root` is absolute."""

    root: Path

    @property
    def catalog(self) -> Path:
        """The SQLite file with one row per table."""
        return self.root / CATALOG_FILE

    def table(self, stream: StreamId) -> Path:
        """Return the folder of a table, which holds `metadata/` and `data/`."""
        return self.root / safe_name(stream.source) / safe_name(stream.name)

    def data(self, stream: StreamId) -> Path:
        """Return the folder of a table's Parquet files."""
        return self.table(stream) / "data"

    def quarantine(self, stream: StreamId) -> Path:
        """Return the folder of a stream's quarantine files."""
        return self.root / OWN_FOLDER / "quarantine" / f"{safe_name(stream.source)}.{safe_name(stream.name)}"


def make_folder(folder: Path) -> None:
    """Make `folder` and those above it, so that they outlive a power cut.

    Raises:
        StorageFullError: If the disk is full.
        StorageUnavailableError: If the folder cannot be made.
    """
    if folder.is_dir():
        return
    make_folder(folder.parent)
    with storage_errors(folder):
        folder.mkdir(exist_ok=True)
        fsync_folder(folder.parent)
