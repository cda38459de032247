"""Keeping the tables small and quick: leases, compaction, and the only code of Lakesmith that deletes."""

from lakesmith.lake.upkeep.tending import tend

__all__ = ["tend"]
