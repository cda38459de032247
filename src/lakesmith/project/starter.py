"""A new project from a template, or a project around a dbt project that is already there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath

import yaml

from lakesmith.errors import UsageError
from lakesmith.host.files import storage_errors, write_atomically
from lakesmith.project.faults import nearest, spell_list
from lakesmith.project.paths import PROJECT_FILE

DEFAULT_TEMPLATE = "empty"
_GITIGNORE = ".gitignore"
_DBT = "dbt_project.yml"
# Around a dbt project only Lakesmith's own files are added: a macro or a profile of ours would change what dbt does there.
_AROUND_DBT = (PROJECT_FILE, _GITIGNORE, ".env.example")
_NEVER = ("__pycache__", ".DS_Store")


def templates() -> tuple[str, ...]:
    """Return the names of the templates."""
    return tuple(sorted(_template_folders()))


def _template_folders() -> dict[str, Traversable]:
    root = files("lakesmith.project") / "templates"
    return {
        entry.name.replace("_", "-"): entry for entry in root.iterdir() if entry.is_dir() and entry.name not in _NEVER
    }


def init_project(folder: Path, *, template: str = DEFAULT_TEMPLATE, here: bool = False) -> list[Path]:
    """Make a project in a folder, and return the files that were written, sorted.

    Args:
        folder: A folder that is new or empty (a fresh `.git` does not count).
        template: One of `templates()`.
        here: Wrap what is in the folder: every file there stays as it is, only what is missing is added, `.gitignore` gets the
            lines it lacks. Around a dbt project only Lakesmith's own files are added, and the dbt project's name is taken over.

    Raises:
        UsageError: If there is no such template, or the folder holds something and `here` is False.
    """
    source = _template(template)
    _check_folder(folder, here=here)
    project = _Project(folder, _own_name(source), _name_for(folder), wraps_dbt=(folder / _DBT).exists())
    written = (project.put(path, content) for path, content in _walk(source, PurePosixPath()))
    return sorted(path for path in written if path is not None)


def _template(name: str) -> Traversable:
    known = _template_folders()
    found = known.get(name.replace("_", "-"))
    if found is None:
        raise UsageError(
            f'There is no template "{name}"{nearest(name, known)}', fix=f"use one of: {spell_list(templates())}"
        )
    return found


def _check_folder(folder: Path, *, here: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise UsageError("This is a file, not a folder.", where=str(folder), fix="name a folder that is new or empty")
    if not here and folder.is_dir() and any(entry.name != ".git" for entry in folder.iterdir()):
        raise UsageError(
            "The folder is not empty.",
            where=str(folder),
            fix="name a new folder, or wrap what is there with `--here`: no file of yours is changed",
        )


def _name_for(folder: Path) -> str:
    """Return the name of the dbt project in a folder, or one made of the folder's own name."""
    file = folder / _DBT
    if file.is_file():
        try:
            name = yaml.safe_load(file.read_text(encoding="utf-8"))["name"]
        except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError):
            raise UsageError(
                f"{_DBT} has no name that can be read.", where=str(file), fix="give it a line `name: …`"
            ) from None
        return fold_name(str(name))
    return fold_name(folder.absolute().name)


def fold_name(text: str) -> str:
    """Return a text as a name Lakesmith and dbt accept.

    Examples:
        >>> fold_name("Acme Data-2"), fold_name("2026")
        ('acme_data_2', 'project_2026')
    """
    name = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    return (name if name[:1].isalpha() else f"project_{name}".rstrip("_"))[:63]


def _walk(folder: Traversable, under: PurePosixPath) -> list[tuple[PurePosixPath, bytes]]:
    found: list[tuple[PurePosixPath, bytes]] = []
    for entry in sorted(folder.iterdir(), key=lambda item: item.name):
        if entry.name in _NEVER:
            continue
        path = under / entry.name
        found.extend(_walk(entry, path) if entry.is_dir() else [(path, entry.read_bytes())])
    return found


def _own_name(template: Traversable) -> str:
    text = (template / PROJECT_FILE).read_text(encoding="utf-8")
    return str(yaml.safe_load(text)["name"])


@dataclass(frozen=True, slots=True)
class _Project:
    """A project in the making: its folder, the name the template goes by, the name it gets, and whether dbt was there first."""

    folder: Path
    template_name: str
    name: str
    wraps_dbt: bool

    def put(self, path: PurePosixPath, content: bytes) -> Path | None:
        """Write one file of the template; None where there was nothing to do."""
        place = self.folder / path
        if str(path) == _GITIGNORE and place.is_file():
            return self._append(place, content.decode())
        if place.exists() or (self.wraps_dbt and str(path) not in _AROUND_DBT):
            return None
        write_atomically(place, self._named(content) if path.suffix == ".yml" and len(path.parts) == 1 else content)
        return place

    def _named(self, content: bytes) -> bytes:
        """Put the project's name where the template has its own: in `name:` and as a key of dbt's settings."""
        pattern = rf"^(name: |[ ]+){self.template_name}(:?)$"
        return re.sub(pattern, rf"\g<1>{self.name}\g<2>", content.decode(), flags=re.MULTILINE).encode()

    @staticmethod
    def _append(place: Path, wanted: str) -> Path | None:
        with storage_errors(place):
            text = place.read_text(encoding="utf-8")
        known = {line.strip() for line in text.splitlines()}
        lacking = [
            line
            for line in wanted.splitlines()
            if line.strip() and not line.startswith("#") and line.strip() not in known
        ]
        if not lacking:
            return None
        write_atomically(place, text + ("" if text.endswith("\n") or not text else "\n") + "\n".join(lacking) + "\n")
        return place
