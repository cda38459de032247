"""Disks, locks, and what other programs do to the lake: exit codes 3 (try again) and 4 (stop and look)."""

import os
import shutil
import signal
import subprocess

import pytest
from gallery_lab import GALLERY, LAKESMITH, Result, wait_until

NEXT_DAY = "data/orders/2026-10-02.csv"
HEAD = "order_id,customer_id,ordered_on,amount\n"
BUSY, BROKEN = "Locks and disks", "The lake"
IN_A_NAMESPACE = ["unshare", "--mount"] if hasattr(os, "geteuid") and os.geteuid() == 0 else ["unshare", "-Urm"]


def more_orders(lab):
    lab.write(NEXT_DAY, HEAD + "O5,C1,2026-10-02,5.00\n")


def mounted(lab, setup, *arguments):
    """Run a command where a file system has been mounted; the mount ends with the process."""
    script = f"set -e; {setup}; cd ..; cd acme; exec '{LAKESMITH}' {' '.join(arguments)}"
    if (
        shutil.which("unshare") is None
        or subprocess.run([*IN_A_NAMESPACE, "true"], check=False, capture_output=True).returncode
    ):
        pytest.skip("this machine lets nobody mount a file system")
    done = subprocess.run(
        [*IN_A_NAMESPACE, "sh", "-c", script], cwd=lab.root, capture_output=True, text=True, timeout=60, check=False
    )
    return Result(arguments, done.returncode, done.stdout, done.stderr)


@GALLERY.case("Two runs at once", chapter=BUSY, code=3, stage="loaded")
def two_runs_at_once(lab):
    """The second one says who holds the lock, and leaves; the first one goes on."""
    more_orders(lab)
    lock = lab.file(".lakesmith/local.lock")
    first = subprocess.Popen(
        [LAKESMITH, "run"], cwd=lab.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    wait_until(lock.read_text)
    first.send_signal(signal.SIGSTOP)
    try:
        result = lab.run("run")
    finally:
        first.send_signal(signal.SIGCONT)
        out, err = first.communicate(timeout=60)
    assert (first.returncode, err) == (0, "")
    assert "1 read = 1 written" in out
    return result


@GALLERY.case("The disk is full", chapter=BUSY, code=3, stage="loaded", report=True)
def disk_full(lab):
    """The lake's disk has no room for one more file. Nothing half-written is visible, and the next run resumes."""
    rows = "".join(f"N{number},C{number * 7919 % 120_000},2026-10-02,{number}.00\n" for number in range(120_000))
    lab.write(NEXT_DAY, HEAD + rows)
    setup = "mkdir ../kept; cp -a lake/. ../kept/; mount -t tmpfs -o size=350k none lake; cp -a ../kept/. lake/; rm -r ../kept"
    result = mounted(lab, setup, "run")
    again = lab.run("run")
    assert again.code == 0, again.err
    assert "120,000 read = 120,000 written" in again.out
    return result


@GALLERY.case("A folder that cannot be written", chapter=BUSY, code=3, stage="loaded")
def read_only_folder(lab):
    """The project lies on a disk that is mounted for reading only."""
    more_orders(lab)
    return mounted(lab, "mount --bind . . && mount -o remount,ro,bind .", "run")


@GALLERY.case("A broken catalog", chapter=BROKEN, code=4, stage="loaded")
def broken_catalog(lab):
    """`catalog.db` is cut off. The tables beside it are untouched."""
    catalog = lab.file("lake/catalog.db")
    catalog.write_bytes(catalog.read_bytes()[:5000])
    return lab.run("run")


@GALLERY.case("A broken catalog, for scripts", chapter=BROKEN, code=4, stage="loaded")
def broken_catalog_json(lab):
    """The same error as one object."""
    catalog = lab.file("lake/catalog.db")
    catalog.write_bytes(catalog.read_bytes()[:5000])
    return lab.run("run", "--json")


@GALLERY.case("A catalog that is gone", chapter=BROKEN, code=4, stage="loaded")
def catalog_gone(lab):
    """Without the catalog nobody knows which version of a table is the newest, so nothing is loaded from the start."""
    for file in lab.root.glob("lake/catalog.db*"):
        file.unlink()
    return lab.run("run")


@GALLERY.case("A metadata file that is gone", chapter=BROKEN, code=4, stage="loaded")
def missing_metadata(lab):
    """The catalog names a metadata file that somebody deleted."""
    lab.one("lake/shop/orders/metadata/*.metadata.json").unlink()
    return lab.run("run")


@GALLERY.case("Somebody else wrote into a table", chapter=BROKEN, code=4, stage="loaded")
def foreign_commit(lab):
    """Another program committed rows of its own, so where to resume is not known."""
    more_orders(lab)
    lab.python(
        """
        import pyarrow as pa
        from pyiceberg.catalog.sql import SqlCatalog
        catalog = SqlCatalog("lakesmith", uri="sqlite:///lake/catalog.db")
        table = catalog.load_table("shop.orders")
        table.append(table.scan().to_arrow().slice(0, 1))
        """
    )
    return lab.run("run")


@GALLERY.case("A clock that is far behind", chapter=BROKEN, code=4, stage="new", report=True)
def clock_behind(lab):
    """The table was written an hour in the future: this machine's clock, or that of another, is wrong."""
    lab.without_models()
    lab.python(
        """
        from datetime import timedelta
        import lakesmith
        from lakesmith.host import Host, SystemClock
        class Ahead(SystemClock):
            def now(self):
                return super().now() + timedelta(hours=1)
        assert lakesmith.open(".", host=Host(clock=Ahead())).run().ok
        """
    )
    more_orders(lab)
    return lab.run("run")


@GALLERY.case("A damaged run store", chapter=BROKEN, code=0, stage="loaded")
def damaged_run_store(lab):
    """The run store is a record, never the truth about where to resume: it is put aside, and the run goes on."""
    more_orders(lab)
    lab.file(".lakesmith/runs.db").write_bytes(b"this is no database" * 500)
    result = lab.run("run")
    assert len(list(lab.root.glob(".lakesmith/runs.db.broken-*"))) == 1
    assert "1 read = 1 written" in result.out
    assert lab.run("status").out.count("succeeded") == 1
    return result


@GALLERY.case("A project that was moved", chapter=BROKEN, code=4, stage="loaded")
def moved_project(lab):
    """A lake in a folder knows its files by their full paths, so it stays where it was made."""
    more_orders(lab)
    moved = lab.root.with_name("elsewhere")
    shutil.rmtree(moved, ignore_errors=True)
    lab.root.rename(moved)
    result = lab.run("run", cwd=moved)
    shutil.rmtree(moved)
    return result
