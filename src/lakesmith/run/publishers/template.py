"""Where a data set goes: `final/table={name}/{date}/` with its placeholders filled in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from lakesmith.errors import ConfigError

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
UNSAFE = re.compile(r'[/\\:*?"<>|%{}\x00-\x1f\x7f]|^\.|[. ]$')


@dataclass(frozen=True, slots=True)
class Place:
    """What a path may be made of: the data set's name, the day of the run (in the project's time zone), the target, the run id."""

    name: str
    date: date
    target: str
    run: str

    def values(self) -> dict[str, str]:
        """Return each placeholder's text, as it may stand in a path."""
        texts = {"name": self.name, "date": self.date.isoformat(), "target": self.target, "run": self.run}
        return {key: safe(text) for key, text in texts.items()}


def safe(text: str) -> str:
    """Return `text` as one part of a path on every system: it names no other folder and hides nothing.

    Examples:
        >>> safe("../secret")
        '%2E.%2Fsecret'
    """
    return UNSAFE.sub(lambda found: f"%{ord(found[0]):02X}", text)


def expand(template: str, place: Place, *, root: Path) -> Path:
    """Return the folder that `template` names for `place`; relative ones are below `root` and stay there.

    Args:
        template: A path with `{name}`, `{date}`, `{target}` and `{run}`.
        place: Their values.
        root: The project folder.

    Raises:
        ConfigError: If the template has another placeholder, leaves the project folder by `..`, or names the project folder itself.
    """
    values = place.values()
    for placeholder in PLACEHOLDER.findall(template):
        if placeholder not in values:
            raise ConfigError(
                f"{{{placeholder}}} cannot be filled in.",
                where=f"path: {template}",
                fix=f"use {', '.join(f'{{{key}}}' for key in values)}",
            )
    if ".." in re.split(r"[/\\]", template):
        raise ConfigError(
            "A path must not go up with `..`.",
            where=f"path: {template}",
            fix="give a path inside the project, or an absolute one",
        )
    folder = root / PLACEHOLDER.sub(lambda found: values[found[1]], template)
    if folder == root or root.is_relative_to(folder):
        raise ConfigError(
            "A data set needs a folder of its own.", where=f"path: {template}", fix="for example `final/{name}/{date}/`"
        )
    return folder
