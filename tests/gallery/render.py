"""Renders docs/errors.md from the snapshots: `python tests/gallery/render.py` writes it, `--check` compares."""

import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "errors.md"
SNAPSHOTS = HERE / "snapshots"
CHAPTERS = (
    "The project file",
    "The command",
    "The data",
    "Back, and anew",
    "Models, tests and readers",
    "Locks and disks",
    "The lake",
)
HEAD = """\
# What can go wrong, and what you are told

Every message says what happened, where, and what to do. Exit codes: 0 done · 1 something failed, the rest went on · 2 fix the
project or the command · 3 try again · 4 stop and look · 70 a fault of Lakesmith itself · 130 stopped by Ctrl-C. With `--json` the
same is one object on standard output.

This page is made from the snapshots in `tests/gallery/snapshots` (`python tests/gallery/render.py`): what you read here is
what the command prints.
"""


def parts_of(snapshot):
    """Return a snapshot's head lines, command, streams and exit code, by name."""
    head, _, body = snapshot.partition("$ ")
    parts = dict(re.findall(r"(?m)^(\w+): (.*)$", head))
    command, *sections = re.split(r"(?m)^--- (.+)\n", body)
    parts["command"] = command.strip()
    parts |= dict(zip(sections[::2], sections[1::2], strict=True))
    return parts


def entry(parts):
    """Return one mistake as Markdown."""
    shown = "\n".join(parts[stream].rstrip("\n") for stream in ("stdout", "stderr") if stream in parts)
    code = parts["exit code"].strip()
    return f"### {parts['title']}\n\n{parts['about']}\n\n```console\n$ {parts['command']}\n{shown}\n```\n\nExit code {code}.\n"


def render():
    """Return the page."""
    found = [parts_of(file.read_text()) for file in sorted(SNAPSHOTS.glob("*.txt"))]
    assert {parts["chapter"] for parts in found} == set(CHAPTERS)
    text = HEAD
    for chapter in CHAPTERS:
        text += f"\n## {chapter}\n"
        for parts in sorted((p for p in found if p["chapter"] == chapter), key=lambda p: p["title"]):
            text += "\n" + entry(parts)
    return text


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(PAGE.read_text() != render())
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(render())
