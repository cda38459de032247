"""Any source that has a contract, killed everywhere: its `SourceContract` says how to make a small real system and what is in it.

for point in points_of(SourceLoads(TestShop), folder):
    assert kill_at(SourceLoads(TestShop), point, folder)["broken"] == []
"""

from __future__ import annotations

import pickle
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lakesmith.testing.contents import canonical_rows
from lakesmith.testing.torture.ordeals import compare, read_table
from lakesmith.testing.trial import Records, Trial

if TYPE_CHECKING:
    from lakesmith.testing.source import SourceContract

TRUTH = "truth.pickle"


@dataclass(frozen=True, slots=True)
class SourceLoads:
    """Loads from the source of a contract; fits `Ordeal`. A `later` one begins with a table that was loaded, and with new records."""

    contract: type[SourceContract]
    later: bool = False

    @property
    def name(self) -> str:
        """The contract's name, and which load."""
        return f"{self.contract.__name__}, {'later' if self.later else 'first'} load"

    def prepare(self, home: Path) -> None:
        """Make the system with its first records."""
        self._remember(home, self.contract().prepare(home), is_grown=False)
        if self.later:
            self.act(home)
            self.grow(home, 1)

    def grow(self, home: Path, round_: int) -> None:
        """Add more records, the first time only: a contract can do so once."""
        del round_
        records, is_grown = self._truth(home)
        if not is_grown:
            self._remember(home, records + self.contract().grow(home), is_grown=True)

    def act(self, home: Path) -> None:
        """Load what there is, a commit for every split."""
        self._trial(home).load()

    def check(self, home: Path) -> None:
        """Compare bronze and quarantine with the records that the contract knows."""
        trial, (records, _is_grown) = self._trial(home), self._truth(home)
        _metadata, rows = read_table(home, trial.spec.id)
        compare("rows", Counter(canonical_rows(records.rows)), Counter(canonical_rows(rows)))
        shown = Counter(row.where for row in trial.lake().table(trial.spec.id).quarantined())
        compare("records in quarantine", Counter(records.rejects), shown)

    def _trial(self, home: Path) -> Trial:
        return replace(self.contract()._trial(home), lakes=home)  # noqa: SLF001 - the contract of the same package

    def _remember(self, home: Path, records: Records, *, is_grown: bool) -> None:
        (home / TRUTH).write_bytes(pickle.dumps((records, is_grown)))

    def _truth(self, home: Path) -> tuple[Records, bool]:
        found: Any = pickle.loads((home / TRUTH).read_bytes())  # noqa: S301 - our own file
        return found[0], found[1]
