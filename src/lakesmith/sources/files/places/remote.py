"""A place far away: one listing for all its files, and files read forward in few requests."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import BinaryIO

from lakesmith.sources.files.deliveries.patterns import Pattern, match_name
from lakesmith.sources.files.places.address import Address
from lakesmith.sources.files.places.connection import Body, Connection, Listed
from lakesmith.sources.files.places.far_file import FIRST_BYTES, FarFile
from lakesmith.sources.files.places.faults import MissingFaultError, PlaceFaultError, error_of
from lakesmith.sources.files.places.place import Found, Status


class RemotePlace:
    """A folder at a place far away; connected to when first needed."""

    def __init__(self, address: Address, connect: Callable[[], Connection]) -> None:
        self._address, self._connect = address, connect
        self._first: tuple[str, str, bytes] = "", "", b""
        self._asked: tuple[str, Status] | None = None

    @property
    def is_atomic(self) -> bool:
        """Whether files are seen only once they are whole."""
        return self._connection.is_atomic

    def lacks(self, folder: str) -> str | None:  # noqa: ARG002 - stores have no folders, only names with slashes
        """Return None: where there is no such folder, there is no file."""
        return None

    def path(self, name: str) -> str:
        """Return the URL of a file, without user and password."""
        return f"{self._address.shown}/{name}" if name else self._address.shown

    def find(self, patterns: Iterable[Pattern]) -> list[Found]:
        """Return the files that match: one request for each pattern without wildcards, one listing for each folder of the others."""
        patterns = list(patterns)
        self._asked = None
        found: dict[str, Found] = {}
        for listed in self._candidates(patterns):
            for place, pattern in enumerate(patterns):
                fits, day = match_name(pattern, listed.name)
                if not fits:
                    continue
                status = listed.status or self._status_if_there(listed.name)
                if status is not None and listed.name not in found:
                    found[listed.name] = Found(listed.name, place, day, status.size, status.mtime_ns, status.version)
                break
        return list(found.values())

    def status(self, name: str) -> Status:
        """Return size, time and version of a file."""
        with self.errors(name):
            status = self._connection.status(name)
        self._asked = name, status
        return status

    def open(self, name: str) -> BinaryIO:
        """Open a file: the version that it was last said to have, and no other."""
        asked = self._asked
        status = asked[1] if asked is not None and asked[0] == name else self.status(name)
        return io.BufferedReader(FarFile(self, name, status), FIRST_BYTES)

    def stream(self, name: str, span: tuple[int, int], version: str) -> Body:
        """Return a part of a file; see `Connection.stream`."""
        return self._connection.stream(name, span, version)

    @property
    def window(self) -> int | None:
        """The most one request asks for, in bytes; None for no limit."""
        return self._connection.window

    @contextmanager
    def errors(self, name: str) -> Iterator[None]:
        """Turn faults met at a file into errors a person can act on."""
        try:
            yield
        except PlaceFaultError as fault:
            raise error_of(fault, self.path(name), self._address.where) from fault

    def first(self, name: str, status: Status, read: Callable[[], bytes]) -> bytes:
        """Return the beginning of a file; it is read once for handles that are opened one after the other."""
        if not status.version or self._first[:2] != (name, status.version):
            self._first = name, status.version, read()
        return self._first[2]

    @cached_property
    def _connection(self) -> Connection:
        with self.errors(""):
            return self._connect()

    def _candidates(self, patterns: list[Pattern]) -> Iterator[Listed]:
        for pattern in patterns:
            if pattern.literal:
                yield Listed(pattern.text, None)
        folders = sorted({pattern.folder for pattern in patterns if not pattern.literal})
        listed: list[str] = []
        for folder in folders:
            if any(not above or folder == above or folder.startswith(f"{above}/") for above in listed):
                continue
            listed.append(folder)
            with self.errors(folder):
                yield from self._connection.list(folder)

    def _status_if_there(self, name: str) -> Status | None:
        with self.errors(name):
            try:
                return self._connection.status(name)
            except MissingFaultError:
                return None
