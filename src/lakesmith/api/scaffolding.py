"""Sources and staging models from the real schemas of bronze."""

from __future__ import annotations

from typing import Any

from lakesmith.errors import UsageError
from lakesmith.run.workshop import Workshop


def scaffold(shop: Workshop, *, dry_run: bool) -> list[Any]:
    """Plan the files of every stream that has been loaded, and write them unless `dry_run`; return the changes.

    Raises:
        UsageError: If nothing has been loaded yet.
    """
    from lakesmith.dbt.scaffold import Staged, apply_changes, plan_scaffold

    heads = {spec.id: shop.lake.table(spec.id).head() for spec in shop.config.streams()}
    loaded = [Staged(spec, head.schema) for spec in shop.config.streams() if (head := heads[spec.id])]
    if not loaded:
        raise UsageError(
            "No stream has been loaded yet, so no schema is known.",
            where=str(shop.lake.root),
            fix="run `lakesmith run` first: without models it loads bronze",
        )
    changes = plan_scaffold(shop.paths.root, loaded)
    if not dry_run:
        apply_changes(changes)
    return list(changes)
