"""Who is let in: a random key per project, links that work once, and what a browser holds after it has followed one.

The key is a file that only its owner can read. A link bears a number, the moment it was made and their signature; it works once, for ten minutes,
and only at a server that ran when it was made. A session bears the same of another kind and works for a week. Nothing of it is stored:
logging out writes a new key, and whatever the old one has signed is void.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import stat
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from threading import Lock

from lakesmith.errors import StorageUnavailableError
from lakesmith.host.files import make_folder, storage_errors

KEY_FILE = "console.token"
KEY_BYTES = 32
LINK, SESSION, FORM = "link", "session", "form"
LIVES = {LINK: timedelta(minutes=10), SESSION: timedelta(days=7)}
SLACK_S = 5
"""Clocks of two processes of one machine read in whole seconds may differ so much."""
_SIGNED = re.compile(r"([0-9a-f]{32})\.(\d{1,12})\.([0-9a-f]{64})")


class Keys:
    """Makes and knows links, sessions and proofs of forms. `clock` returns seconds since 1970."""

    def __init__(self, folder: Path, clock: Callable[[], float]) -> None:
        self._path, self._clock = folder / KEY_FILE, clock
        self._began = int(clock())
        self._used: set[str] = set()
        self._lock = Lock()
        self._key = _read(self._path) or _write_new(self._path)

    def link(self) -> str:
        """Return what a link bears that lets somebody in once."""
        return self._signed(LINK)

    def session(self) -> str:
        """Return what a browser holds after it was let in."""
        return self._signed(SESSION)

    def proof(self, session: str) -> str:
        """Return what a form of ours bears, for the session that it is shown to."""
        return self._mac(FORM, session)

    def takes_link(self, text: str) -> bool:
        """Whether a link lets somebody in; it does so once."""
        found = self._known(LINK, text)
        if found is None or found[1] < self._began - SLACK_S:
            return False
        with self._lock:
            if found[0] in self._used:
                return False
            self._used.add(found[0])
        return True

    def knows_session(self, text: str) -> bool:
        """Whether a browser was let in, within the last week."""
        return self._known(SESSION, text) is not None

    def knows_proof(self, session: str, text: str) -> bool:
        """Whether a form is ours and was shown to this session."""
        return hmac.compare_digest(self.proof(session).encode(), text.encode("utf-8", "replace"))

    def knows_bearer(self, text: str) -> bool:
        """Whether somebody has read the key itself: a program of the owner, such as Prometheus."""
        current = _read(self._path) or self._key
        return hmac.compare_digest(current.hex().encode(), text.encode("utf-8", "replace"))

    def void(self) -> None:
        """Write a new key: every session and every link ends."""
        with self._lock:
            self._key = _write_new(self._path)

    def _signed(self, kind: str) -> str:
        body = f"{secrets.token_hex(16)}.{int(self._clock())}"
        return f"{body}.{self._mac(kind, body)}"

    def _known(self, kind: str, text: str) -> tuple[str, int] | None:
        """Return number and moment of what we signed, None for all else. The comparison takes the same time whatever is wrong."""
        match = _SIGNED.fullmatch(text)
        body, told = (f"{match[1]}.{match[2]}", match[3]) if match else ("", "")
        genuine = hmac.compare_digest(self._mac(kind, body).encode(), told.encode())
        if not genuine or match is None:
            return None
        age = self._clock() - int(match[2])
        return (match[1], int(match[2])) if -SLACK_S <= age <= LIVES[kind].total_seconds() else None

    def _mac(self, kind: str, body: str) -> str:
        current = _read(self._path) or self._key
        return hmac.new(current, f"{kind}:{body}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def _read(path: Path) -> bytes | None:
    """Return the key; None if there is none, if it is no key, or if others could have read or made it."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        descriptor = os.open(path, flags)
    except OSError:
        return None
    facts = os.fstat(descriptor)
    if not stat.S_ISREG(facts.st_mode):
        os.close(descriptor)
        return None
    with os.fdopen(descriptor, "rb") as file:
        foreign = os.name != "nt" and (facts.st_mode & 0o077 or facts.st_uid != os.getuid())
        text = file.read(2 * KEY_BYTES + 2).strip()
    if foreign or not re.fullmatch(rb"[0-9a-f]{64}", text):
        return None
    return bytes.fromhex(text.decode())


def _write_new(path: Path) -> bytes:
    """Write a new key to a file that is only its owner's from its first moment on.

    Raises:
        StorageUnavailableError: If the folder cannot be written.
    """
    key = secrets.token_bytes(KEY_BYTES)
    make_folder(path.parent)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with storage_errors(path):
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(key.hex().encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    if _read(path) != key:
        raise StorageUnavailableError(
            "The console's key cannot be kept to its owner alone.",
            where=str(path),
            fix="put the project on a file system that knows owners and modes",
        )
    return key
