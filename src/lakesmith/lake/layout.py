"""Where things are in a lake, under names that every file system keeps apart."""

from __future__ import annotations

import hashlib
import string
from dataclasses import dataclass

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
    """The folders of one lake, as absolute paths or URLs without a slash at the end; `root` is such a one."""

    root: str

    @property
    def catalog(self) -> str:
        """The SQLite file with one row per table, of a lake in a folder."""
        return f"{self.root}/{CATALOG_FILE}"

    @property
    def own(self) -> str:
        """The folder of what Iceberg knows nothing of: quarantine, sidecars, leases."""
        return f"{self.root}/{OWN_FOLDER}"

    def table(self, stream: StreamId) -> str:
        """Return the folder of a table, which holds `metadata/` and `data/`."""
        return f"{self.root}/{safe_name(stream.source)}/{safe_name(stream.name)}"

    def data(self, stream: StreamId) -> str:
        """Return the folder of a table's Parquet files."""
        return f"{self.table(stream)}/data"

    def metadata(self, stream: StreamId) -> str:
        """Return the folder of a table's metadata files and manifests."""
        return f"{self.table(stream)}/metadata"

    def quarantine(self, stream: StreamId) -> str:
        """Return the folder of a stream's quarantine files."""
        return f"{self.own}/quarantine/{safe_name(stream.source)}.{safe_name(stream.name)}"

    def sidecars(self, table_uuid: str) -> str:
        """Return the folder of the checkpoints of a table that are too large for its summary."""
        return f"{self.own}/{table_uuid}"
