"""What was proved, as a file for programs (`torture.json`) and a page for people (`torture.md`)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lakesmith.testing.torture.campaigns import Found

COUNTED = ("lost", "doubled", "unreadable")
PAGE = """# Torture: what was done to the lake, and what came of it

`make torture` does all of this anew (under an hour on two cores) and writes this page and `torture.json`. The last run took {minutes} minutes.

| | |
| --- | --- |
| rows lost / doubled, tables unreadable | **{lost} / {doubled} / {unreadable}** |
| crash points, each killed at | {point_count} |
| kills at crash points, of these second kills during recovery | {point_kills:,}, {second:,} |
| kills at random times | {random_kills:,} |
| histories, with commits in them | {histories:,}, {commits:,} |
| kinds of trouble | {fault_count} |
| mutants caught | {caught} of {mutant_count} |

## Histories

The real code (loads, committer, swap, rollback, compaction, expiry, collector) runs in a world whose clock, store, catalog and source are
made for it. A seed gives a story: programs that pause anywhere and go on after others, that die, replies that are lost before or after the
commit landed, commits that arrive late or twice, every class of exception, clocks that jump both ways, other tools that append, compact,
set properties or move `main`, catalogs put back to an earlier state, days that pass while the collector makes its rounds. After every
commit the table is read by code of its own (JSON, Avro, Parquet) and compared with the source: every record once, the position in force
and the rows agree, quarantine shows exactly what was put there, numbers and times only rise, everything that a kept snapshot names is there.

{step_table}

A failure is told as a story made as short as it can be. To see one again: `make torture SEED=<number>`.

## Kills

Loads of CSV files in the modes append, dedupe and replace, into an empty table and into one that has rows, with small checkpoints and
large ones, with compaction and collector; a rebuild, a rollback, a collector with work to do. The crash points are taken from the log of an
unharmed pass. Each pass of each point is killed once (SIGKILL), and each point that the recovery passes once more; then random times.
After recovery all contents are compared with what Python's csv module reads, and quarantine with the broken lines.

{point_list}

## Trouble

{fault_list}

## Mutants

The code under test, made wrong in one way: the proof has to notice.

| mutant | caught |
| --- | --- |
{mutant_table}
"""


@dataclass(slots=True)
class Report:
    """All that the parts found."""

    parts: dict[str, Found] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def broken(self) -> list[str]:
        """Everything that is broken."""
        return [text for found in self.parts.values() for text in found.broken] + list(
            filter(None, self.faults.values())
        )

    def as_json(self) -> dict[str, Any]:
        """Return the figures."""
        points, random_kills = self._figures("points"), self._figures("random")
        histories = self._figures("histories")
        return {
            "crash_points": points.get("points", []),
            "kills": {
                "first": points.get("first", 0),
                "second": points.get("second", 0),
                "random": random_kills.get("random", 0),
            },
            "histories": histories.get("histories", 0),
            "commits": histories.get("commits", 0),
            "steps": histories.get("steps", {}),
            "faults": {name: not broken for name, broken in self.faults.items()},
            "mutants": self._figures("mutants").get("mutants", {}),
            **{kind: sum(found.kinds[kind] for found in self.parts.values()) for kind in COUNTED},
            "other": len(self.broken),
            "seeds": {name: found.figures["seeds"] for name, found in self.parts.items() if "seeds" in found.figures},
            "seconds": round(self.seconds),
        }

    def _figures(self, part: str) -> dict[str, Any]:
        return self.parts[part].figures if part in self.parts else {}

    def write(self, folder: Path) -> None:
        """Write both files."""
        figures = self.as_json()
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "torture.json").write_text(json.dumps(figures, indent=2) + "\n")
        (folder / "torture.md").write_text(page(figures))


def page(figures: dict[str, Any]) -> str:
    """Return the page for people."""
    kills, mutants = figures["kills"], figures["mutants"]
    return PAGE.format(
        **{kind: figures[kind] for kind in COUNTED},
        minutes=round(figures["seconds"] / 60),
        point_count=len(figures["crash_points"]),
        point_kills=kills["first"] + kills["second"],
        second=kills["second"],
        random_kills=kills["random"],
        histories=figures["histories"],
        commits=figures["commits"],
        fault_count=len(figures["faults"]),
        caught=sum(mutants.values()),
        mutant_count=len(mutants),
        step_table=_table(("step", "times"), figures["steps"]),
        point_list=", ".join(f"`{point}`" for point in figures["crash_points"]),
        fault_list="\n".join(f"- {name}: {'held' if held else 'BROKEN'}" for name, held in figures["faults"].items()),
        mutant_table="\n".join(f"| {name} | {'yes' if caught else '**NO**'} |" for name, caught in mutants.items()),
    )


def _table(heads: tuple[str, str], rows: dict[str, int]) -> str:
    lines = [f"| {name} | {count:,} |" for name, count in rows.items()]
    return "\n".join([f"| {heads[0]} | {heads[1]} |", "| --- | --- |", *lines])
