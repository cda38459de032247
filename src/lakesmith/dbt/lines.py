"""dbt's JSON log lines, as far as we need them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

STARTED = "LogStartLine"
FINISHED = frozenset({
    "LogModelResult", "LogTestResult", "LogSnapshotResult", "LogSeedResult", "LogNodeNoOpResult", "LogNodeResult",
    "LogFunctionResult", "LogBatchResult", "SkippingDetails", "LogSkipBecauseError",
})  # fmt: skip
MESSAGES = frozenset({"RunResultError", "RunResultErrorNoMessage", "RunResultWarningMessage"})
BROKEN = frozenset({"MainEncounteredError"})
SPOKEN = frozenset({"MainStackTrace", "JinjaLogWarning", "JinjaLogInfo", "JinjaLogDebug"})
"""What repeats an error with all its words, and what macros say, which may have read rows."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One event of dbt: its name and level, its data, and what it says about a node (empty where it is about none)."""

    name: str
    level: str
    text: str
    data: dict[str, Any]
    node: dict[str, Any]

    @property
    def unique_id(self) -> str:
        """The node it is about, or nothing."""
        return str(self.node.get("unique_id") or "")

    @property
    def invocation_id(self) -> str:
        """Which invocation of dbt wrote it; artifacts bear the same id."""
        return str(self.data.get("invocation_id") or "")


def parse_line(line: str) -> LogLine | None:
    """Return the event in a line, or None if the line is not one (a warning of Python, a print of a plug-in)."""
    if not line.startswith("{"):
        return None
    try:
        raw = json.loads(line)
        info, data = raw["info"], raw.get("data") or {}
        data.setdefault("invocation_id", info.get("invocation_id", ""))
        return LogLine(info["name"], info.get("level", "info"), info.get("msg", ""), data, data.get("node_info") or {})
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
