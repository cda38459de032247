"""Writes the pages that repeat what the code knows: `python docs/build.py`. A test fails while one of them is out of date."""  # noqa: INP001 - a script, not a module

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import click

from lakesmith.cli.main import COMMANDS, cli
from lakesmith.project import Connectors, Setting, settings_reference

DOCS = Path(__file__).parent
WIDTH = 100
BUILT_IN = (
    "files",
    "documents",
    "postgres",
    "mongodb",
    "rest",
    "singer",
    "airbyte",
    "dlt",
    "existing",
    "lakesmith",
    "duckdb",
    "parquet",
    "csv",
)
MARK = "<!-- Written by docs/build.py; do not edit. -->"
SECTIONS = (
    ("", "The project", "Keys at the top of `lakesmith.yml`."),
    ("sources.<source>.streams.<stream>.", "A stream", "Keys below `sources.<source>.streams.<stream>`."),
    ("sources.<source>.", "A source", "Keys below `sources.<source>`."),
    ("publish.<publish>.", "A publication", "Keys below `publish.<publish>`."),
    ("targets.<target>.", "A target", "Keys below `targets.<target>`."),
)
ORDER = (0, 2, 1, 3, 4)


def project_file() -> str:
    """Return the page that lists every key of `lakesmith.yml`."""
    settings = [s for s in settings_reference(Connectors.installed()) if not s.of or s.of.split(": ")[1] in BUILT_IN]
    parts = [(DOCS / "parts" / "project-file.md").read_text("utf-8").rstrip(), ""]
    for number in ORDER:
        prefix, title, lead = SECTIONS[number]
        own = [setting for setting in settings if _prefix(setting) == prefix]
        parts += [f"## {title}", "", lead, "", *_table(prefix, [s for s in own if not s.of]), ""]
        for of in dict.fromkeys(setting.of for setting in own if setting.of):
            parts += [f"With `{of}` also:", "", *_table(prefix, [s for s in own if s.of == of]), ""]
    return _page(parts)


def commands() -> str:
    """Return the page that shows the help of every command."""
    parts = [(DOCS / "parts" / "commands.md").read_text("utf-8").rstrip(), ""]
    root = click.Context(cli, info_name="lakesmith", terminal_width=WIDTH, help_option_names=["-h", "--help"])
    for name in COMMANDS:
        for words, command, context in _with_children(name, root):
            shown = "lakesmith " + " ".join(words)
            parts += [
                f"{'##' if len(words) == 1 else '###'} `{shown}`",
                "",
                "```text",
                command.get_help(context),
                "```",
                "",
            ]
    return _page(parts)


PAGES = {"project-file.md": project_file, "commands.md": commands}


def _with_children(name: str, root: click.Context) -> Iterable[tuple[list[str], click.Command, click.Context]]:
    command = cli.get_command(root, name)
    context = click.Context(command, info_name=name, parent=root, terminal_width=WIDTH, **_help_names(command))
    yield [name], command, context
    for child in command.list_commands(context) if isinstance(command, click.Group) else ():
        found = command.get_command(context, child)
        yield [name, child], found, click.Context(found, info_name=child, parent=context, terminal_width=WIDTH)


def _help_names(command: click.Command) -> dict[str, list[str]]:
    names = command.context_settings.get("help_option_names")
    return {} if names is None else {"help_option_names": names}


def _prefix(setting: Setting) -> str:
    return next(prefix for prefix, _, _ in (*SECTIONS[1:], SECTIONS[0]) if setting.path.startswith(prefix))


def _table(prefix: str, settings: Iterable[Setting]) -> list[str]:
    lines = ["| key | value | when left out | meaning |", "| --- | --- | --- | --- |"]
    for setting in settings:
        default = "**has to be given**" if setting.default is None else _default(setting.default)
        key = setting.path.removeprefix(prefix)
        lines.append(f"| `{key}` | {_cell(setting.type)} | {_cell(default)} | {_cell(setting.description)} |")
    return lines


def _default(text: str) -> str:
    return "–" if text == "left out" else "empty" if not text else f"`{text}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _page(parts: Iterable[str]) -> str:
    return MARK + "\n" + "\n".join(parts).rstrip() + "\n"


def main() -> None:
    """Write every page whose text has changed, and say which."""
    for name, make in PAGES.items():
        path, text = DOCS / name, make()
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            sys.stdout.write(f"{name} written\n")


if __name__ == "__main__":
    main()
