"""What goes wrong around a load: others at the same time, disks, locks, an old catalog, a damaged run store. Nothing is lost or doubled."""

from __future__ import annotations

import contextlib
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from lakesmith.testing.torture import far, victims
from lakesmith.testing.torture.bucket import flaky, may_serve, point_to, serve
from lakesmith.testing.torture.kills import Grave
from lakesmith.testing.torture.ordeals import CsvLoads, Ordeal
from lakesmith.testing.torture.run_store import Runs, damage, run_damaged

SAID = "lakesmith.errors."
"""A victim that could not do its work has said so with an error of Lakesmith's."""
DISK = "2m"
PATIENCE_S = 1.0
SHARE = 0.05
"""How many requests to a bucket fail, of 1."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One kind of trouble, some times over. `grave` holds a table that was loaded, and files that are new."""

    grave: Grave
    chance: random.Random
    times: int

    @property
    def home(self) -> Path:
        """Where the table is."""
        return self.grave.home

    def act(self) -> None:
        """Load what is new; a lock that is held is waited for a second at most."""
        _lose_patience()
        self.grave.ordeal.act(self.home)

    def each(self) -> Iterator[int]:
        """Begin again as often as wanted; after each time, a load must come to its end and all contents be right."""
        for number in range(self.times):
            self.grave.restore("start")
            yield number
            broken, _points = self.grave.recover()
            if broken:
                raise AssertionError(f"time {number}: {broken}")

    def lawful(self, end: victims.End) -> None:
        """Check that a victim came to its end, or said why not in our own words.

        Raises:
            AssertionError: If it ended otherwise.
        """
        if not end.went_well and SAID not in end.complaint.strip().splitlines()[-1:][0] and SAID not in end.complaint:
            raise AssertionError(f"a load ended with {end.signal or end.code}: {end.complaint}")


def two_at_once(trouble: Trouble) -> None:
    """Two loads begin at the same time."""
    for _number in trouble.each():
        children = [victims.start(trouble.act, trouble.grave.place) for _ in range(2)]
        for child in children:
            trouble.lawful(victims.wait(child, trouble.grave.place))


def zombie(trouble: Trouble) -> None:
    """A load stands still (SIGSTOP) while another one does its work and new files come, and goes on afterwards."""
    for number in trouble.each():
        child = victims.start(trouble.act, trouble.grave.place)
        time.sleep(trouble.chance.uniform(0, 0.4))
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGSTOP)
        trouble.lawful(victims.run(trouble.act, trouble.grave.place))
        victims.run(lambda: trouble.grave.ordeal.grow(trouble.home, number + 50), trouble.grave.place)  # noqa: B023 - run at once
        trouble.lawful(victims.run(trouble.act, trouble.grave.place))
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGCONT)
        trouble.lawful(victims.wait(child, trouble.grave.place))


def full_disk(trouble: Trouble) -> None:
    """The disk fills up at another place each time: a small file system where mounting is allowed, else a limit on files."""
    if not _may_mount():
        _with_file_limits(trouble)
        return
    for number in trouble.each():
        with _mounted(trouble.home):
            ballast = trouble.home / "ballast"
            free = shutil.disk_usage(trouble.home).free
            ballast.write_bytes(b"\0" * max(0, free - 4096 * (number * 40 // trouble.times)))
            trouble.lawful(victims.run(trouble.act, trouble.grave.place))
            ballast.unlink()


def _with_file_limits(trouble: Trouble) -> None:
    for number in trouble.each():
        limit = 500 + 400 * number

        def act(limit: int = limit) -> None:
            """Load with files that may not grow."""
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
            try:
                trouble.act()
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

        trouble.lawful(victims.run(act, trouble.grave.place))


def read_only(trouble: Trouble) -> None:
    """Nothing can be written: a read-only mount, or folders without the right to write."""
    for _number in trouble.each():
        if _may_mount():
            with _mounted(trouble.home):
                _mount("-o", "remount,ro", str(trouble.home))
                trouble.lawful(victims.run(trouble.act, trouble.grave.place))
                _mount("-o", "remount,rw", str(trouble.home))
            continue
        folders = [folder for folder in (trouble.home / "lake").rglob("*") if folder.is_dir()]
        for folder in folders:
            folder.chmod(0o555)
        trouble.lawful(victims.run(trouble.act, trouble.grave.place))
        for folder in folders:
            folder.chmod(0o755)


def locked_catalog(trouble: Trouble) -> None:
    """Another program holds the lock of the catalog for a while."""
    for _number in trouble.each():

        def hold() -> None:
            """Keep the lock."""
            with closing(sqlite3.connect(trouble.home / "lake/catalog.db", isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                time.sleep(trouble.chance.uniform(0.5, 3.0))

        holder = victims.start(hold, trouble.grave.place)
        child = victims.start(trouble.act, trouble.grave.place)
        trouble.lawful(victims.wait(child, trouble.grave.place))
        victims.wait(holder, trouble.grave.place)


def yesterdays_catalog(trouble: Trouble) -> None:
    """The catalog's file is put back as it was before the last load."""
    for _number in trouble.each():
        copy = trouble.grave.place / "yesterday.db"
        with (
            closing(sqlite3.connect(trouble.home / "lake/catalog.db")) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)
        trouble.lawful(victims.run(trouble.act, trouble.grave.place))
        for old in (trouble.home / "lake").glob("catalog.db*"):
            old.unlink()
        copy.rename(trouble.home / "lake/catalog.db")


def damaged_run_store(trouble: Trouble) -> None:
    """The run store is torn, bit-flipped, half zeros or empty when a run begins."""
    for number in trouble.each():
        how = damage(trouble.home, number, trouble.chance)
        end = victims.run(partial(run_damaged, trouble.home, how), trouble.grave.place)
        if not end.went_well:
            raise AssertionError(f"the run store was {how}: {end.complaint}")


def failing_bucket(trouble: Trouble) -> None:
    """The lake is in a bucket whose server refuses, cuts connections, and loses answers after a write has landed."""
    if not may_serve():
        return
    place, home = trouble.grave.place, trouble.home
    with serve(place) as port:
        for number in range(trouble.times):
            trouble.grave.restore("start")
            shutil.rmtree(home / "lake", ignore_errors=True)
            with flaky(port, SHARE * (1 + number % 3), number, place) as line:
                point_to(home, f"lake-{number}", line)
                for _again in range(2):
                    trouble.lawful(victims.run(trouble.act, place))
            point_to(home, f"lake-{number}", port)
            broken, _points = trouble.grave.recover()
            if broken:
                raise AssertionError(f"time {number}: {broken}")


def _lose_patience() -> None:
    from lakesmith.lake import Lake

    defaults = Lake.__init__.__kwdefaults__
    if defaults is not None:
        defaults["busy_timeout_s"] = PATIENCE_S


def _may_mount() -> bool:
    return os.geteuid() == 0 and shutil.which("mount") is not None and _can_mount_tmpfs()


def _can_mount_tmpfs() -> bool:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        words = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", folder]
        done = subprocess.run(words, capture_output=True, check=False)
        if done.returncode == 0:
            subprocess.run(["umount", folder], check=True)  # noqa: S607
        return done.returncode == 0


@contextlib.contextmanager
def _mounted(home: Path) -> Iterator[None]:
    """Put a small file system where the table is, with the same files, and take it away again, with what was done."""
    aside = home.with_name("aside")
    shutil.rmtree(aside, ignore_errors=True)
    home.rename(aside)
    home.mkdir()
    _mount("-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(home))
    try:
        shutil.copytree(aside, home, dirs_exist_ok=True)
        yield
        shutil.rmtree(aside)
        shutil.copytree(home, aside)
    finally:
        subprocess.run(["umount", str(home)], check=True)  # noqa: S607
        home.rmdir()
        aside.rename(home)


def _mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True, capture_output=True)  # noqa: S607


FAULTS: dict[str, tuple[Callable[[Trouble], None], int]] = {
    "two runs at once": (two_at_once, 12),
    "SIGSTOP and SIGCONT": (zombie, 20),
    "disk full": (full_disk, 20),
    "read-only": (read_only, 2),
    "locked catalog": (locked_catalog, 3),
    "catalog restored from yesterday": (yesterdays_catalog, 4),
    "S3 errors": (failing_bucket, 10),
    "torn and bit-flipped run store": (damaged_run_store, 60),
    "files in S3: errors 500 and 503": (far.refused, 3),
    "files in S3: broken off in mid-body": (far.broken_bodies, 3),
    "files in S3: changed between listing and reading": (far.replaced, 3),
    "files in S3: a listing that fails half-way": (far.half_listings, 3),
}
"""Every trouble with how often it is made."""


def make_trouble(name: str, mode: str, place: Path, *, times: int | None = None) -> str:
    """Make one kind of trouble for loads in one mode; return what is broken, empty if nothing."""
    act, usual = FAULTS[name]
    grave = Grave(_ordeal_of(act, mode), place)
    grave.prepare()
    try:
        act(Trouble(grave, random.Random(name), usual if times is None else times))  # noqa: S311 - repeatable
    except AssertionError as error:
        return f"{name}, {mode}: {error}"
    return ""


def _ordeal_of(act: Callable[[Trouble], None], mode: str) -> Ordeal:
    if act.__module__ == far.__name__:
        return far.FarLoads(mode)
    return Runs(CsvLoads(mode)) if act is damaged_run_store else CsvLoads(mode, later=act is not failing_bucket)
