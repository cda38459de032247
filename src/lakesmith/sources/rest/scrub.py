"""Taking out of a text what must not be shown: secrets in any of their spellings, and what looks like a value of a record."""

from __future__ import annotations

import re
import threading
from base64 import b64encode
from collections.abc import Iterable
from urllib.parse import quote, quote_plus, unquote_plus, urlsplit, urlunsplit

MASK = "••••"
SHORTEST = 4
UNMISTAKABLE = 6
"""A secret of so many characters is not part of another value by chance; a shorter one must be all of it."""

LONGEST_MESSAGE = 300
_VALUES = re.compile(
    r"[\w.+-]+@[\w-]+\.[\w.-]+"  # an e-mail address
    r"|https?://\S+"
    r"|(?=[\w\-./+=]*\d)[\w\-./+=]{24,}"  # a token or a key
    r"|\d[\d ,.:\-]{4,}\d"  # a number, a day, a telephone number
)
_BLANKS = re.compile(r"\s+")


class Scrubber:
    """The secrets of one source, and the `parameters` of addresses that hold some. Tokens that are issued are added to them.

    `words` may be secrets, or plain settings such as a version: no message shows them, and addresses keep them.
    """

    def __init__(self, secrets: Iterable[str] = (), parameters: Iterable[str] = (), words: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._secrets: set[str] = set()
        self._words = sorted({word for word in words if len(word) >= SHORTEST}, key=len, reverse=True)
        self._parameters = frozenset(parameters)
        self._pattern: re.Pattern[str] | None = None
        self._long: list[str] = []
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        """Remember a secret and the ways it is written on the wire. One under four characters is none: it would tear holes in ordinary text."""
        if len(secret) < SHORTEST:
            return
        with self._lock:
            encoded = b64encode(secret.encode()).decode()
            self._secrets |= {secret, quote(secret, safe=""), quote_plus(secret), encoded, encoded.rstrip("=")}
            self._long = [secret for secret in self._secrets if len(secret) >= UNMISTAKABLE]
            self._pattern = re.compile("|".join(map(re.escape, sorted(self._secrets, key=len, reverse=True))))

    def mask(self, text: str) -> str:
        """Return a text without any secret."""
        return self._pattern.sub(MASK, text) if self._pattern else text

    def message(self, text: str) -> str:
        """Return what an API says, in one line, without secrets and without what may be a value, cut after that."""
        masked = self.mask(text)
        for word in self._words:
            masked = masked.replace(word, MASK)
        plain = _BLANKS.sub(" ", _VALUES.sub(MASK, masked)).strip()
        return plain if len(plain) <= LONGEST_MESSAGE else plain[: LONGEST_MESSAGE - 1] + "…"

    def url(self, address: str) -> str:
        """Return an address without the parameters that are, or hold, secrets."""
        parts = urlsplit(address)
        kept = [piece for piece in parts.query.split("&") if self._is_open(*map(unquote_plus, _halves(piece)))]
        netloc = parts.netloc.rpartition("@")[2]
        return urlunsplit((parts.scheme, netloc, parts.path, "&".join(kept), ""))

    def _is_open(self, name: str, value: str) -> bool:
        is_secret = value in self._secrets or any(secret in value for secret in self._long)
        return not is_secret and name not in self._parameters


def _halves(piece: str) -> tuple[str, str]:
    name, _, value = piece.partition("=")
    return name, value
