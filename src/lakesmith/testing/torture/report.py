"""What was proved, as a file for programs (`torture.json`) and a page for people (`torture.md`)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lakesmith.testing.torture.campaigns import Found

SERVER = {
    "operations": "operations",
    "ddl": "ddl",
    "server_loads": "loads",
    "server_kills": "killed",
    "server_returns": "rolled back over a build",
}
"""Figures of the servers, by their names on the page."""
DOCUMENTS = {
    "document_operations": "operations",
    "document_drift": "drift",
    "document_loads": "loads",
    "document_kills": "killed",
    "document_rows": "rows compared",
    "document_readers": "readers killed",
    "document_cursors": "kill a cursor",
    "document_crashes": "crash",
    "document_restarts": "restart",
}
"""Figures of the servers of documents, by their names on the page."""
COUNTED = ("lost", "doubled", "unreadable")
PAGE = """# Torture: what was done to the lake, and what came of it

`make torture` does all of this anew on two cores and writes this page and `torture.json`. The last time its parts took {minutes} minutes.

| | |
| --- | --- |
| rows lost / doubled, tables unreadable | **{lost} / {doubled} / {unreadable}** |
| other laws broken | {other} |
| crash points, each killed at | {point_count} |
| kills at crash points, of these second kills during recovery | {point_kills:,}, {second:,} |
| kills at random times | {random_kills:,} |
| kills of loads of other files and places, of these second kills | {file_kills:,}, {file_second:,} |
| histories, with commits in them | {histories:,}, {commits:,} |
| operations on PostgreSQL servers, of these DDL | {operations:,}, {ddl:,} |
| loads of these, of these killed | {server_loads:,}, {server_kills:,} |
| rollbacks over a part of a generation that was built aside | {server_returns:,} |
| operations on MongoDB servers, of these steps of drift | {document_operations:,}, {document_drift:,} |
| loads of these, of these killed; rows compared | {document_loads:,}, {document_kills:,}; {document_rows:,} |
| processes that read for these killed, cursors ended, servers killed, started anew | {document_readers:,}, {document_cursors:,}, {document_crashes:,}, {document_restarts:,} |
| kinds of trouble | {fault_count} |
| mutants caught | {caught} of {mutant_count} |

## Histories

The real code (loads, committer, swap, rollback, compaction, expiry, collector) runs in a world whose clock, store, catalog and source are
made for it. A seed gives a story: programs that pause anywhere and go on after others, that die, replies that are lost before or after the
commit landed, commits that arrive late or twice, every class of exception, clocks that jump both ways, other tools that append, compact,
set properties or move `main`, catalogs put back to an earlier state, days that pass while the collector makes its rounds. After every
commit the table is read by code of its own (JSON, Avro, Parquet) and compared with the source: every record once, the position in force
and the rows agree, quarantine shows exactly what was put there, numbers and times only rise, everything that a kept snapshot names is there.
The records are JSON lines and CSV, read by the real readers: objects and lists of objects have more parts from record to record, some of them
with the same names. A commit group is one split, a few, or a whole load. Every value is looked for by its field id, and compared.

{step_table}

A failure is told as a story made as short as it can be. To see one again: `make torture SEED=<number>`.

## Kills

Loads of CSV files in the modes append, dedupe and replace, into an empty table and into one that has rows, with small checkpoints and
large ones, with compaction and collector; a rebuild, a rollback, a collector with work to do. The crash points are taken from the log of an
unharmed pass. Each pass of each point is killed once (SIGKILL), and each point that the recovery passes once more; then random times.
After recovery all contents are compared with what Python's csv module reads, and quarantine with the broken lines.

{point_list}

### Files of other kinds, and other places

The files are made of plain Python values by code of its own, which are then compared in full with the table, and quarantine with the records
that cannot be read. Loads in the mode append, the first one and a later one (a file that grew, a new one), are killed at every pass of every
crash point of run and stage; loads in the modes dedupe and replace (with a file that was written anew) at some of them, drawn by a fixed
seed, as are the second kills. `late types` are loads that assume types from a small sample, and begin anew when a later file says otherwise;
in the folder of `growing, rewritten …` all of that happens between two loads, while two files are half-written. `growing parts` are JSON
lines beside CSV in one commit group, whose objects have more parts from file to file. `s3` are files in a bucket,
loaded into a lake on this machine. Loads of documents are killed at random times, and so are the processes that read them.

{file_table}

## A PostgreSQL server

A seed gives a history of a table, partitioned or not, with a cursor of some type: rows come, change, move, go and come late, in transactions
that stay open over a load as well; VACUUM FULL, CLUSTER, TRUNCATE; columns, partitions, keys and the table's name change. In between, three
streams are loaded at once, by `replace`, `append` and `dedupe`. While they are read rows go on changing, and the process dies at a crash
point, or the server's sessions are ended, or the server is stopped. What bronze must hold is worked out from the server's own words
(`::text`) in the loader's snapshot, and compared in full after each load: each row that the law of its stream promises, once. A row whose
cursor lies further back than `look_back` when it is committed is promised to nobody. To see one again:
`python -m lakesmith.testing.torture --part postgres --seed <number>`.

{server_table}

## A MongoDB server

A seed gives a history of a collection, with `_id`s of one type or of seven, and a cursor of some type, in an object or not: documents come,
change, go, are replaced, come late and share the cursor's last value, by single commands and in bulk; fields and parts of objects are renamed,
come, go and change their types, empty lists and objects among their values; indexes come and go, the collection is renamed, or dropped and
made anew. Three streams are loaded by `replace`, `append` and `dedupe`, in many ranges, and keys are compared now and then. While they are
read documents go on changing, also between the look for the cursor's last value and the first range; the process dies at a crash point,
of any stream or of one, or at a random time, the processes that read are killed, their cursors are ended, the server is killed and
started again. Every version that the server held at each moment is known. After each load all of bronze is
compared: each row is a version that was there while the load read, leaf by leaf with its siblings, none is there twice, and what was there
throughout is there: all of it in `replace`, and in the other modes all whose cursor is not further back than `look_back`; in `dedupe` the
newest row of each key is the document as it is. To see one again: `python -m lakesmith.testing.torture --part mongodb --seed <number>`.

{document_table}

## Trouble

{fault_list}

## Mutants

The code under test, made wrong in one way: the proof has to notice. A source counts as caught only by a law that its mistake is about:
one that loses documents by a loss, not by anything else that came of it.

| mutant | caught |
| --- | --- |
{mutant_table}
"""


@dataclass(slots=True)
class Report:
    """All that the parts found, and how many seconds each took."""

    parts: dict[str, Found] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def broken(self) -> list[str]:
        """Everything that is broken."""
        return [text for found in self.parts.values() for text in found.broken] + list(
            filter(None, self.faults.values())
        )

    def as_json(self, known: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the figures; parts that were not played now are those of `known`, as this returned them."""
        fresh = {
            name: {
                **found.figures,
                **{kind: found.kinds[kind] for kind in COUNTED},
                "other": len(found.broken),
                "seconds": round(self.seconds.get(name, 0)),
            }
            for name, found in self.parts.items()
        }
        if self.faults:
            held = {name: not broken for name, broken in self.faults.items()}
            others = sum(not one for one in held.values())
            fresh["faults"] = {"faults": held, "other": others, "seconds": round(self.seconds.get("faults", 0))}
        return _figures({**(known or {}).get("parts", {}), **fresh})

    def write(self, folder: Path) -> None:
        """Write both files; what they say of parts that were not played now stays."""
        file = folder / "torture.json"
        figures = self.as_json(json.loads(file.read_text()) if file.exists() else None)
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(figures, indent=2) + "\n")
        (folder / "torture.md").write_text(page(figures))


def _figures(parts: dict[str, dict[str, Any]]) -> dict[str, Any]:
    points, histories, files = parts.get("points", {}), parts.get("histories", {}), parts.get("files", {})
    kills = {"first": points, "second": points, "random": parts.get("random", {})}
    return {
        "crash_points": sorted({*points.get("points", ()), *files.get("points", ())}),
        "kills": {kind: part.get(kind, 0) for kind, part in kills.items()},
        "files": files.get("kills", {}),
        "histories": histories.get("histories", 0),
        "commits": histories.get("commits", 0),
        "steps": histories.get("steps", {}),
        "faults": parts.get("faults", {}).get("faults", {}),
        "mutants": {
            name: caught
            for part in ("mutants", "postgres", "mongodb")
            for name, caught in parts.get(part, {}).get("mutants", {}).items()
        },
        "postgres": parts.get("postgres", {}).get("postgres", {}),
        "mongodb": parts.get("mongodb", {}).get("mongodb", {}),
        **{kind: sum(part.get(kind, 0) for part in parts.values()) for kind in (*COUNTED, "other", "seconds")},
        "seeds": {name: part["seeds"] for name, part in parts.items() if "seeds" in part},
        "parts": parts,
    }


def page(figures: dict[str, Any]) -> str:
    """Return the page for people."""
    kills, mutants, files = figures["kills"], figures["mutants"], figures["files"]
    server, documents = figures.get("postgres", {}), figures.get("mongodb", {})
    return PAGE.format(
        **{kind: figures[kind] for kind in (*COUNTED, "other")},
        minutes=round(figures["seconds"] / 60),
        point_count=len(figures["crash_points"]),
        point_kills=kills["first"] + kills["second"],
        second=kills["second"],
        random_kills=kills["random"],
        file_kills=sum(sum(counted.values()) for counted in files.values()),
        file_second=sum(counted["second"] for counted in files.values()),
        file_table=_file_table(files),
        histories=figures["histories"],
        commits=figures["commits"],
        **{name: server.get(key, 0) for name, key in SERVER.items()},
        server_table=_table(("on the server", "times"), _steps_of(server)),
        **{name: documents.get(key, 0) for name, key in DOCUMENTS.items()},
        document_table=_table(("on the server", "times"), _steps_of(documents)),
        fault_count=len(figures["faults"]),
        caught=sum(mutants.values()),
        mutant_count=len(mutants),
        step_table=_table(("step", "times"), figures["steps"]),
        point_list=", ".join(f"`{point}`" for point in figures["crash_points"]),
        fault_list="\n".join(f"- {name}: {'held' if held else 'BROKEN'}" for name, held in figures["faults"].items()),
        mutant_table="\n".join(f"| {name} | {'yes' if caught else '**NO**'} |" for name, caught in mutants.items()),
    )


def _file_table(files: dict[str, dict[str, int]]) -> str:
    lines = [f"| {name} | {one['first']:,} | {one['second']:,} | {one['random']:,} |" for name, one in files.items()]
    return "\n".join(
        ["| loaded | killed at crash points | and again | at random times |", "| --- | --- | --- | --- |", *lines]
    )


def _steps_of(server: dict[str, int]) -> dict[str, int]:
    return {name.removeprefix("step "): count for name, count in server.items() if name.startswith("step ")}


def _table(heads: tuple[str, str], rows: dict[str, int]) -> str:
    lines = [f"| {name} | {count:,} |" for name, count in rows.items()]
    return "\n".join([f"| {heads[0]} | {heads[1]} |", "| --- | --- |", *lines])
