"""What a run did, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lakesmith.api.discovering import News
    from lakesmith.run.execute import Outcome


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run did: its id, one of succeeded, warned, failed, stopped, nothing_new, how long it took, the page if written.

    `news` is what sources found that the project does not name.
    """

    run_id: str
    state: str
    seconds: float
    outcome: Outcome
    page: Path | None = None
    news: News | None = None

    @property
    def ok(self) -> bool:
        """Whether everything that was due is done: also what waits for tables that others load."""
        return self.state in ("succeeded", "warned", "nothing_new") and not self.outcome.missed
