"""What a table must hold of a delivery: noted as plain text when files are made, compared in full with what is read without the code under test."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from lakesmith.model.streams import StreamId
from lakesmith.testing.contents import canonical_rows
from lakesmith.testing.torture.kinds import Made
from lakesmith.testing.torture.laws import BrokenError
from lakesmith.testing.torture.oracle import clock_faults
from lakesmith.testing.torture.ordeals import compare, open_table, read_table

STREAM = StreamId("shop", "orders")
NOTED = "truth.json"
Said = dict[str, list[str]]
"""Rows and rejects as texts."""


@dataclass(slots=True)
class Truth:
    """What the files of a delivery hold by name, and what was loaded of earlier versions of them."""

    files: dict[str, Said] = field(default_factory=dict)
    before: Said = field(default_factory=lambda: {"rows": [], "rejects": []})

    @classmethod
    def of(cls, home: Path) -> Truth:
        """Return what was noted; nothing at the beginning."""
        file = home / NOTED
        return cls(**json.loads(file.read_text())) if file.exists() else cls()

    def note(self, home: Path) -> None:
        """Keep it."""
        (home / NOTED).write_text(json.dumps({"files": self.files, "before": self.before}))

    def wrote(self, name: str, made: Made) -> None:
        """Note that a file was written, whatever it held before."""
        self.went(name)
        self.files[name] = _said(made)

    def became(self, name: str, made: Made) -> None:
        """Note what a file holds now that was half-written before."""
        self.files[name] = _said(made)

    def grew(self, name: str, made: Made) -> None:
        """Note that records came at the end of a file."""
        for kind, texts in _said(made).items():
            self.files[name][kind] += texts

    def went(self, name: str) -> None:
        """Note that a file is no more what it was, or is gone."""
        for kind, texts in self.files.pop(name, {}).items():
            self.before[kind] += texts

    def check(self, home: Path, *, newest_alone: bool = False) -> None:
        """Compare table and quarantine of a project with what was noted; `newest_alone` leaves out what files held before.

        Raises:
            BrokenError: If something is lost, doubled, unreadable or out of order.
        """
        metadata, table = read_table(home, STREAM)
        compare("rows", self._all("rows", newest_alone=newest_alone), Counter(canonical_rows(table)))
        if len({row["_ls_seq"] for row in table}) != len(table):
            raise BrokenError("doubled", "two rows have the same _ls_seq")
        if faults := clock_faults(metadata):
            raise BrokenError("clock", "; ".join(faults))
        shown = Counter(row.raw for row in open_table(home).quarantined())
        compare("records in quarantine", self._all("rejects", newest_alone=newest_alone), shown)

    def _all(self, kind: str, *, newest_alone: bool) -> Counter[str]:
        texts = [text for said in self.files.values() for text in said[kind]]
        return Counter(texts if newest_alone else [*texts, *self.before[kind]])


def _said(made: Made) -> Said:
    return {"rows": canonical_rows(made.rows), "rejects": list(made.rejects)}
