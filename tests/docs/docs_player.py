"""Plays a page: writes its files, applies its diffs, runs its commands and compares what they print."""

from __future__ import annotations

import difflib
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from docs_pages import Block

ANYTHING = "[…]"
VARYING = (
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?( UTC)?"), "<when>"),
    (re.compile(r"\b\d\d:\d\d:\d\d\b"), "<when>"),
    (re.compile(r"\bin \d+ s\b"), "in <time> s"),
    (re.compile(r"\b[\d,]+\.\d+ s\b"), "<time> s"),
    (re.compile(r" +[\d,]+ rows/s"), ""),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{4,}"), "<id>"),
    (re.compile(r"[ \t]+"), " "),
)
"""What differs from one run to the next. Counts of rows do not: the made-up company is the same everywhere."""


@dataclass
class Player:
    """Stands in a folder and does what blocks say."""

    folder: Path
    names: dict[str, object] = field(default_factory=dict)

    def play(self, block: Block) -> None:
        if block.file:
            path = self.folder / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.body, "utf-8")
        elif block.language == "diff":
            self._change(block)
        elif block.language == "console":
            self._run(block)
        elif block.language == "python":
            self._python(block)

    def _change(self, block: Block) -> None:
        name = re.search(r"^--- (\S+)$", block.body, re.MULTILINE)[1]
        lines = block.body.splitlines()
        old, new = (
            "\n".join(line[1:] for line in lines if line[:1] in (sign, " ") and not line.startswith(("---", "+++")))
            for sign in "-+"
        )
        text = (self.folder / name).read_text("utf-8")
        assert text.count(old) == 1, f"{block.where}: the lines to change are not in {name} once"
        (self.folder / name).write_text(text.replace(old, new), "utf-8")

    def _run(self, block: Block) -> None:
        for command, expected in commands(block):
            if command.startswith("cd "):
                self.folder = self.folder / command.removeprefix("cd ")
                continue
            printed = self.shell(command)
            assert matches(expected, printed), (
                f"{block.where}: `{command}` prints something else\n{difference(expected, printed)}"
            )

    def shell(self, command: str) -> str:
        words = shlex.split(command)
        programs = {"lakesmith": [sys.executable, "-m", "lakesmith"], "python": [sys.executable]}
        env = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1"}
        done = subprocess.run(
            [*programs[words[0]], *words[1:]],
            cwd=self.folder, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=150,
        )  # fmt: skip
        return done.stdout

    def _python(self, block: Block) -> None:
        before = Path.cwd()
        os.chdir(self.folder)
        try:
            exec(compile(block.body, block.where, "exec"), self.names)
        finally:
            os.chdir(before)


def commands(block: Block) -> list[tuple[str, str]]:
    """Return the commands of a console block with what they are said to print."""
    parts = re.split(r"^\$ (.+)\n", block.body, flags=re.MULTILINE)[1:]
    return list(zip(parts[::2], parts[1::2], strict=True))


def steady(text: str) -> list[str]:
    """Return the lines of a transcript without what varies; blank lines count as nothing."""
    for pattern, word in VARYING:
        text = pattern.sub(word, text)
    return [line.strip() for line in text.splitlines() if line.strip()]


def matches(expected: str, printed: str) -> bool:
    """Whether a transcript is what was printed; a line `[…]` stands for any lines, or for the end of a line."""
    pattern = []
    for line in steady(expected):
        if line == ANYTHING:
            pattern.append(r"(?:.*\n)*?")
        else:
            pattern.append(re.escape(line).replace(re.escape(ANYTHING), ".*") + r"\n")
    return re.fullmatch("".join(pattern), "".join(f"{line}\n" for line in steady(printed))) is not None


def difference(expected: str, printed: str) -> str:
    return "\n".join(difflib.unified_diff(steady(expected), steady(printed), "the page", "the command", lineterm=""))
