"""What a load does for its table after it: nothing most of the time, a compaction when enough small files came."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakesmith.lake.upkeep.planning import Rules, is_due
from lakesmith.model.loads import Upkeep

if TYPE_CHECKING:
    from lakesmith.lake.table import Table


def tend(table: Table, rules: Rules | None = None) -> Upkeep | None:
    """Do the upkeep that is due; None if nothing is. Asking reads the newest metadata and nothing else, and imports nothing heavy.

    Args:
        table: The table.
        rules: What is small and when upkeep is due; None: the usual.

    Raises:
        LakesmithError: As `compact.compact` says. No row is lost or doubled, whatever it is.
    """
    metadata = table.services.pointers.read(table.stream)
    wanted = rules or Rules()
    if metadata is None or metadata.main_id is None or not is_due(metadata, wanted):
        return None
    from lakesmith.lake.upkeep.compact import compact

    return compact(table.services, table.stream, metadata, wanted)
