"""`${env:X}`, `${env:X:-default}` and `${file:path}`: what the project file says without holding it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from lakesmith.host.secrets import Secrets
from lakesmith.project.documents import Document
from lakesmith.project.faults import Faults, Place
from lakesmith.project.faults import Path as KeyPath

_TOKEN = re.compile(r"\$\$\{|\$\{(?P<body>[^{}]*)\}|\$\{")
_ENV = re.compile(r"env:(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>.*))?", re.DOTALL)
_FILE = re.compile(r"file:(?P<path>.+)")
_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_URL_PASSWORD = re.compile(r"://[^\s:/?#@]*:(?P<password>\S+)@")
_LINE = re.compile(r"(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*=\s*(?P<value>.*)")
_QUOTED = re.compile(r"""(?P<quote>["'])(?P<text>.*)(?P=quote)\s*(?:#.*)?""")
_LONG_LINE = 12
_DEFERRED = ("sources", "targets", "publish", "alerts", "monitor")


class _NoValueError(Exception):
    """A well-written reference that has no value here; the text names the places that were searched."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """Where references find their values: the real environment first, then `.env`; files from the project folder on."""

    root: Path
    environ: Mapping[str, str]
    dotenv: Mapping[str, str] = field(default_factory=dict)

    def added(self) -> dict[str, str]:
        """Return what `.env` adds to the real environment; what is set there stays as it is."""
        return {name: value for name, value in self.dotenv.items() if not self.environ.get(name)}

    def resolve(self, text: str, secrets: Secrets) -> str:
        """Return `text` with its references replaced; `$${` becomes `${`.

        Args:
            text: A value as written.
            secrets: Learns every value that comes from the environment or a file. Defaults are not secret: they stand in the file.

        Raises:
            ValueError: If a reference is not written as it should be; the text tells how, without any value.
            _NoValueError: If a reference has no value.

        Examples:
            >>> Lookup(Path(), {"A": "value"}).resolve("${env:A} ${env:B:-b} $${env:C}", Secrets())
            'value b ${env:C}'
        """
        return _TOKEN.sub(lambda match: self._replace(match, secrets), text)

    def _replace(self, match: re.Match[str], secrets: Secrets) -> str:
        if match[0] == "$${":
            return "${"
        body = match["body"]
        if body is None:
            raise ValueError("a reference is not closed: write ${env:NAME}, or $${ for the characters themselves")
        if env := _ENV.fullmatch(body):
            return self._env(env["name"], env["default"], secrets)
        if file := _FILE.fullmatch(body):
            return self._file(file["path"], secrets)
        if _BARE.fullmatch(body):
            raise ValueError(
                f"${{{body}}} is not a reference: write ${{env:{body}}}, or $${{ for the characters themselves"
            )
        raise ValueError(
            "an unknown reference: write ${env:NAME}, ${env:NAME:-default} or ${file:path}, or $${ for the characters"
        )

    def _env(self, name: str, default: str | None, secrets: Secrets) -> str:
        for environment in (self.environ, self.dotenv):
            if value := environment.get(name):
                _remember(value, secrets)
                return value
        if default is not None:
            return default
        known = name in self.environ or name in self.dotenv
        state = "is empty" if known else "is not set"
        raise _NoValueError(f"${{env:{name}}} has no value: {name} {state} in the environment and in .env")

    def _file(self, path: str, secrets: Secrets) -> str:
        place = Path(path).expanduser()
        try:
            value = (self.root / place).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is not UTF-8 text"
            raise _NoValueError(f"${{file:{path}}} has no value: {reason}") from None
        if not value:
            raise _NoValueError(f"${{file:{path}}} has no value: the file is empty")
        _remember(value, secrets)
        return value


def _remember(value: str, secrets: Secrets) -> None:
    secrets.add(value)
    if url := _URL_PASSWORD.search(value):
        secrets.add(url["password"])
        secrets.add(unquote(url["password"]))
    lines = value.splitlines()
    for line in lines if len(lines) > 1 else ():
        if len(line) >= _LONG_LINE and not line.startswith("-----"):
            secrets.add(line)  # logs come line by line


@dataclass(slots=True)
class Resolved:
    """Values with their references replaced.

    `references` are the paths of values that hold one; `missing` those that have none here, with the reason. They keep their text.
    """

    data: Any
    references: set[KeyPath] = field(default_factory=set)
    missing: dict[KeyPath, str] = field(default_factory=dict)

    def missing_under(self, path: KeyPath) -> dict[KeyPath, str]:
        """Return what is missing at or below `path`."""
        return {place: why for place, why in self.missing.items() if place[: len(path)] == path}


def resolve_document(document: Document, lookup: Lookup, secrets: Secrets, faults: Faults) -> Resolved:
    """Return a copy of the values with references replaced.

    A reference without value inside one source, target or publish entry is not a fault of the file: a laptop need not know the
    password of `prod`. It is kept in `missing`, and asked for when that entry is used. Anywhere else it is a fault.
    """
    resolved = Resolved(None)

    def walk(value: Any, path: KeyPath) -> Any:
        """Return a value with its references resolved."""
        if isinstance(value, dict):
            return {key: walk(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [walk(item, (*path, index)) for index, item in enumerate(value)]
        if not isinstance(value, str) or "${" not in value:
            return value
        try:
            text = lookup.resolve(value, secrets)
        except (ValueError, _NoValueError) as error:
            resolved.references.add(path)
            resolved.missing[path] = str(error)
            if isinstance(error, ValueError) or path[0] not in _DEFERRED:
                faults.add(document.place(path), path, str(error))
            return value
        if has_reference(value):
            resolved.references.add(path)
        return text

    resolved.data = walk(document.data, ())
    return resolved


def has_reference(text: str) -> bool:
    """Whether a value as written holds at least one reference.

    Examples:
        >>> has_reference("${env:A}"), has_reference("$${env:A}")
        (True, False)
    """
    return any(match["body"] for match in _TOKEN.finditer(text) if match[0] != "$${")


def escape(text: str) -> str:
    """Return `text` so that it stands for itself in a project file."""
    return text.replace("${", "$${")


def read_dotenv(root: Path, faults: Faults) -> dict[str, str]:
    """Return the variables of `.env`, empty without one: `NAME=value`, quotes and comments as in a shell, nothing expanded."""
    file = root / ".env"
    if not file.is_file():
        return {}
    values: dict[str, str] = {}
    text = file.read_bytes().decode("utf-8-sig", errors="replace")
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        match = _LINE.fullmatch(stripped)
        if match is None:
            faults.add(Place(1_000_000, ".env", number), (), "write NAME=value")
            continue
        values[match["name"]] = _unquote(match["value"])
    return values


def _unquote(value: str) -> str:
    if quoted := _QUOTED.fullmatch(value):
        text = quoted["text"]
        return text.replace("\\n", "\n").replace('\\"', '"').replace("\\\\", "\\") if quoted["quote"] == '"' else text
    return re.split(r"\s+#", value, maxsplit=1)[0].strip()
