"""Workers of their own, and what a lake holds as others read it."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

WORKER = Path(__file__).with_name("bucket_worker.py")


def tell(lake):
    """Return a lake's address as plain values."""
    address = lake.address
    return {"root": address.root, "catalog": address.catalog, "storage": dataclasses.asdict(address.storage)}


def start(told, **environ):
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", str(WORKER), json.dumps(told)],
        env={**os.environ, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def work(told, **environ):
    """Let a worker work; return how it ended, and what it said."""
    process = start(told, **environ)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err
