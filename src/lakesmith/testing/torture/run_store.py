"""A damaged run store: torn, bit-flipped, emptied. It must never change what is loaded, and the damage must be said."""

from __future__ import annotations

import os
import random
import warnings
from dataclasses import dataclass
from pathlib import Path

from lakesmith.errors import LakesmithError
from lakesmith.testing.torture.laws import BrokenError
from lakesmith.testing.torture.ordeals import CsvLoads

PROJECT = """
version: 1
name: shop
sources:
  shop:
    type: files
    streams:
"""
FINE = (0,)
WELL = ("succeeded", "warned", "nothing_new")
FATAL = 4
STORE = ".lakesmith/runs.db"


@dataclass(frozen=True, slots=True)
class Runs:
    """A whole run of a project with one stream of CSV files; fits `Ordeal`."""

    loads: CsvLoads
    name: str = "a whole run"

    def prepare(self, home: Path) -> None:
        """Load once, and bring something new."""
        self.loads.prepare(home)
        streams = f'orders: {{files: "data/*.csv", mode: {self.loads.mode}}}'
        (home / "lakesmith.yml").write_text(PROJECT + f"      {streams}\n")
        self.act(home)
        self.loads.grow(home, 1)

    def act(self, home: Path) -> None:
        """Run.

        Raises:
            RuntimeError: If the run does not end well.
        """
        code, told = run(home)
        if code not in FINE:
            raise RuntimeError(f"lakesmith run ended with {code}: {told}")

    def check(self, home: Path) -> None:
        """Compare bronze with the files."""
        self.loads.check(home)

    def grow(self, home: Path, round_: int) -> None:
        """Bring something new."""
        self.loads.grow(home, round_)


def run(home: Path) -> tuple[int, str]:
    """Run a project in this process; return the exit code it would end with, and what it told."""
    import lakesmith

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            result = lakesmith.open(home).run()
        except LakesmithError as error:
            return error.exit_code, f"{type(error).__name__}: {error}"
        said = [str(one.message) for one in told] + [str(error) for _step, error in result.outcome.errors]
        return (0 if result.state in WELL else 1), "\n".join(said)


def damage(home: Path, number: int, chance: random.Random) -> str:
    """Damage the run store in one way; return which."""
    store = home / STORE
    for helper in store.parent.glob(f"{store.name}-*"):
        helper.unlink()
    content = bytearray(store.read_bytes())
    at = chance.randrange(len(content))
    kind = ("cut off", "bit flipped", "zeros to the end", "emptied")[number % 4]
    if kind == "cut off":
        del content[at:]
    elif kind == "bit flipped":
        content[at] ^= 1 << chance.randrange(8)
    elif kind == "zeros to the end":
        content[at:] = bytes(len(content) - at)
    else:
        content.clear()
    store.write_bytes(bytes(content))
    os.sync()
    return f"{kind} at {at} of {len(content)}"


def run_damaged(home: Path, how: str) -> None:
    """Run once over a damaged run store: what is loaded is right, or the run has refused and said why; then all is well again.

    Raises:
        BrokenError: If rows were lost or doubled, or a damage that was noticed was not said.
    """
    code, told = run(home)
    aside = list((home / ".lakesmith").glob("runs.db.broken-*"))
    said = "run store" in told or "runs.db" in told or "StoreBroken" in told
    if (aside or code == FATAL) and not said:
        raise BrokenError(
            "unsaid", f"the run store was {how}: the run ended with {code}, and did not say so: {told[-400:]}"
        )
    if code not in (*FINE, FATAL):
        raise BrokenError("unexpected", f"the run store was {how}: the run ended with {code}: {told[-800:]}")
    if code == FATAL:
        (home / STORE).unlink()
        code, told = run(home)
        if code not in FINE:
            raise BrokenError(
                "stuck", f"the run store was {how} and taken away: the run ended with {code}: {told[-800:]}"
            )
