"""Sources and staging models from the real schemas of bronze."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakesmith.errors import UsageError
from lakesmith.run.preparing import need_dbt_project
from lakesmith.run.workshop import Workshop

if TYPE_CHECKING:
    from lakesmith.dbt.scaffold import FileChange


def scaffold(shop: Workshop, *, dry_run: bool) -> list[FileChange]:
    """Plan the files of every stream that has been loaded, and write them unless `dry_run`; return the changes.

    Raises:
        UsageError: If nothing has been loaded yet.
    """
    from lakesmith.dbt.scaffold import apply_scaffold, plan_scaffold, read_models
    from lakesmith.dbt.staging import ScaffoldTable

    heads = ((spec, shop.lake.table(spec.id).head()) for spec in shop.config.streams())
    tables = [ScaffoldTable(spec, head.schema) for spec, head in heads if head]
    if not tables:
        raise UsageError(
            "No stream has been loaded yet, so no schema is known.",
            where=shop.lake.root,
            fix="run `lakesmith run` first: without models it loads bronze",
        )
    need_dbt_project(shop.paths.root)
    changes = plan_scaffold(tables, read_models(shop.paths.root))
    if not dry_run:
        apply_scaffold(shop.paths.root, changes)
    return changes
