"""Passwords do not belong in a file that goes to git: literal ones are refused, and never repeated."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lakesmith.host.secrets import Secrets
from lakesmith.project.documents import Document
from lakesmith.project.faults import Faults, Path
from lakesmith.project.references import has_reference

_SECRET_KEY = re.compile(
    r"(.*[_-])?(password|passwd|passphrase|pwd|secret|api[_-]?key|access[_-]?key|private[_-]?key|secret[_-]?key)"
    r"|((access|auth|refresh|bearer|api|session|security|sas)[_-]?)?token|.*secret[_-]?access[_-]?key|account[_-]?key"
    r"|connection[_-]?string|salt",
    re.IGNORECASE,
)
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_URL_PASSWORD = re.compile(r"://[^\s:/?#@]*:(?P<secret>(?!\d+[/?#])[^\s@]+)@")
_QUERY_PASSWORD = re.compile(
    r"[?&;](?:password|passwd|pwd|secret|token|access_token|api_?key|sig|client_secret|accountkey|sharedaccesskey)=(?P<secret>[^&;\s]+)",
    re.IGNORECASE,
)


def refuse_literals(document: Document, faults: Faults, secrets: Secrets) -> None:
    """Note every literal password: a value under a key named like one, or inside a URL.

    Args:
        document: The project as written, before references are replaced.
        faults: Takes one fault each; the value is not in it.
        secrets: Learns the literals, so that no other message repeats them.
    """
    for path, value in scalars(document.data):
        key = str(next((part for part in reversed(path) if isinstance(part, str)), ""))
        secret = _SECRET_KEY.fullmatch(key) or _PRIVATE_KEY.search(value)
        if secret and value and not has_reference(value):
            secrets.add(value)
            faults.add(document.place(path), path, f"a secret stands in the file: {_advice(key, whole=True)}")
        elif match := _literal_in_url(value):
            secrets.add(value)
            secrets.add(match)
            faults.add(document.place(path), path, f"a password stands in the URL: {_advice(key, whole=False)}")


def scalars(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Yield every text and number below `value` as text, with its path."""
    if isinstance(value, (dict, list)):
        for part, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from scalars(item, (*path, part))
    elif isinstance(value, (str, int, float)) and not isinstance(value, bool):
        yield path, str(value)


def _literal_in_url(text: str) -> str | None:
    found = (pattern.search(text) for pattern in (_URL_PASSWORD, _QUERY_PASSWORD))
    return next((match["secret"] for match in found if match and not has_reference(match["secret"])), None)


def _advice(key: str, *, whole: bool) -> str:
    name = re.sub(r"\W+", "_", key).upper() or "SECRET"
    inside = "" if whole else " for the whole URL, or a reference in place of the password,"
    return f"write ${{env:{name}}}{inside} and keep the value in the environment or in .env (or use ${{file:path}})"
