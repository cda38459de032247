"""A small project that can be broken in every way, the real command line, and snapshots of what it says."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass, field
from pathlib import Path

from warm_lakesmith import run_lakesmith

HERE = Path(__file__).parent
ACME = HERE / "projects" / "acme"
LAKESMITH = str(Path(sys.executable).with_name("lakesmith"))
SHOWN_ROOT = "/home/ada/acme"
TIMEOUT_S = 120
QUIET = {"COLUMNS": None, "NO_COLOR": None, "FORCE_COLOR": None, "LAKESMITH_CRASH": None, "LAKESMITH_CRASH_LOG": None}

# What differs from one run to the next, and what is shown in its place.
NORMAL = (
    (r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "2026-10-01 06:00:12"),
    (r"\b\d{4}-\d\d-\d\d \d\d:\d\d UTC", "2026-10-01 06:00 UTC"),
    (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*(Z|\+00:00)?", "2026-10-01T06:00:12Z"),
    (r"\d{8}T\d{6}", "20261001T060012"),
    (r"\b[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\b", "01a2b3c4-0000-7000-8000-000000000000"),
    (r" +[\d,]+ rows/s", "  10,000 rows/s"),
    (r"[0-9a-f]{8}-[0-9a-f]{4}(?=  local)", "01a2b3c4-0000"),
    (r"\b\d+\.\d s\b", "1.2 s"),
    (r'"seconds": [\d.]+', '"seconds": 1.2'),
    (r"(?m)^(\S+.*) in [\d.]+s$", r"\1"),
    (r"\bprocess \d+\b", "process 4711"),
    (r"\(PID \d+\)", "(PID 4711)"),
    (r"`python[\d.]*`", "`python`"),
    (r"[0-9]{5}-[0-9a-f]{8}-[0-9a-f-]{27}\.metadata\.json", "00001-2f1c.metadata.json"),
    (r'"(snapshots)": \[[^\]]+\]', r'"\1": ["3051729675574597004"]'),
    (r"([Ss]napshot) \d{12,}", r"\1 3051729675574597004"),
    (r"\b(\d{8}-\d{10})-[0-9a-f]{16}-", r"\1-2f1c2f1c2f1c2f1c-"),
    (r"lakesmith-fault-\w+\.txt", "lakesmith-fault-xxxxxxxx.txt"),
)  # fmt: skip


@dataclass(frozen=True)
class Result:
    """What a command said and how it ended."""

    arguments: tuple[str, ...]
    code: int
    out: str
    err: str

    def json(self):
        return json.loads(self.out)


@dataclass(frozen=True)
class Lab:
    """A project at a fixed path that a case breaks; `root` is its folder."""

    root: Path

    def file(self, path):
        return self.root / path

    def write(self, path, text):
        file = self.file(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text))
        return file

    def edit(self, path, old, new):
        text = self.file(path).read_text()
        assert old in text, f"{path} does not hold {old!r}"
        self.file(path).write_text(text.replace(old, new))

    def delete(self, path):
        place = self.file(path)
        shutil.rmtree(place) if place.is_dir() else place.unlink()

    def without_models(self):
        """Make it a project that loads, and builds nothing."""
        self.delete("models")
        file = self.file("lakesmith.yml")
        file.write_text(file.read_text().partition("publish:")[0])

    def one(self, pattern):
        """Return the only path that matches, or the newest of them by name."""
        return max(self.root.glob(pattern))

    def run(self, *arguments, env=None, cwd=None):
        """Run `lakesmith` with arguments in the project folder."""
        told = {**os.environ, **QUIET, **(env or {})}
        given = {name: value for name, value in told.items() if value is not None}
        done = run_lakesmith(arguments, cwd or self.root, given, TIMEOUT_S)
        return Result(arguments, done.returncode, done.stdout, done.stderr)

    def python(self, code, *, check=True):
        """Run a Python program in the project folder."""
        command = [sys.executable, "-c", textwrap.dedent(code)]
        return subprocess.run(command, cwd=self.root, check=check, capture_output=True, text=True, timeout=TIMEOUT_S)

    @contextlib.contextmanager
    def beside(self, code):
        """Run a Python program beside the command: it prints `ready` when it is, and lives until its input is closed."""
        command = [sys.executable, "-c", textwrap.dedent(code)]
        with subprocess.Popen(
            command, cwd=self.root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout.readline() == "ready\n"
            try:
                yield process
            finally:
                process.stdin.close()
                process.wait(TIMEOUT_S)

    def content(self, *folders):
        """Return the bytes of every file below folders, by path."""
        files = (file for folder in folders for file in self.file(folder).rglob("*") if file.is_file())
        return {file.relative_to(self.root).as_posix(): file.read_bytes() for file in files}

    def show(self, text):
        """Return text as the gallery shows it: the same on every machine and every day."""
        text = text.replace(str(self.root), SHOWN_ROOT).replace(str(self.root.parent), str(Path(SHOWN_ROOT).parent))
        for pattern, shown in NORMAL:
            text = re.sub(pattern, shown, text)
        return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


@dataclass(frozen=True)
class Case:
    """A mistake: what it is, which project it needs (`new`, `loaded` or `built`), and how it ends."""

    name: str
    title: str
    about: str
    chapter: str
    stage: str
    code: int
    act: object
    report: bool = False
    """Whether standard output holds a report too, because other steps went on."""


@dataclass
class Gallery:
    """Cases by name, filled by a decorator."""

    cases: dict = field(default_factory=dict)

    def case(self, title, *, chapter, code, stage="new", report=False):
        """Add a case; the function breaks the project and returns the result of the command that is shown."""

        def add(function):
            name = function.__name__
            about = textwrap.dedent(function.__doc__).strip()
            self.cases[name] = Case(name, title, about, chapter, stage, code, function, report)
            return function

        return add


GALLERY = Gallery()


def write_snapshot(case, lab, result):
    """Return a case as the text of its snapshot."""
    command = " ".join(word if re.fullmatch(r"[\w./:+@=-]+", word) else f"'{word}'" for word in result.arguments)
    parts = [f"title: {case.title}\nchapter: {case.chapter}\nabout: {' '.join(case.about.split())}\n"]
    parts.append(f"$ lakesmith {command}\n")
    for name, text in (("stdout", result.out), ("stderr", result.err)):
        if text.strip():
            parts.append(f"--- {name}\n{lab.show(text).strip(chr(10))}\n")
    parts.append(f"--- exit code\n{result.code}\n")
    return "".join(parts)


class Bench:
    """Projects in three stages, made once; a copy of one is put in place for each case."""

    def __init__(self, folder):
        self.folder = folder
        self.root = folder / "ada" / "acme"
        self.root.parent.mkdir()

    def lab(self, stage):
        """Put a fresh project in place and return it."""
        if not (self.folder / stage).is_dir():
            self._make(stage)
        return self._fresh(stage)

    def _fresh(self, stage):
        shutil.rmtree(self.root, ignore_errors=True)
        shutil.copytree(self.folder / stage, self.root)
        return Lab(self.root)

    def _make(self, stage):
        if stage == "new":
            shutil.copytree(ACME, self.folder / stage)
            return
        self.lab("new")
        lab = Lab(self.root)
        if stage == "loaded":
            lab.without_models()
        done = lab.run("run")
        assert done.code == 0, done.out + done.err
        shutil.copytree(self.root, self.folder / stage)


def wait_until(true, timeout_s=30.0):
    """Wait until a function returns something true, and return that."""
    end = time.monotonic() + timeout_s
    while not (found := true()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
    return found
