"""Sources and staging models from the real schemas of bronze, also those that a rename left behind."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from lakesmith.errors import ConfigError, UsageError
from lakesmith.model.streams import StreamId
from lakesmith.run.preparing import need_dbt_project
from lakesmith.run.workshop import Workshop

if TYPE_CHECKING:
    from lakesmith.dbt.existing import ExistingTable
    from lakesmith.dbt.scaffold import AnyTable, FileChange
    from lakesmith.dbt.staging import ScaffoldTable


def scaffold(shop: Workshop, *, dry_run: bool) -> list[FileChange]:
    """Plan the files of every stream that has been loaded, and write them unless `dry_run`; return the changes.

    Raises:
        UsageError: If nothing has been loaded yet.
    """
    from lakesmith.dbt.scaffold import apply_scaffold, plan_scaffold, read_models

    tables: list[AnyTable] = [*_tables(shop), *_of_others(shop)]
    if not tables:
        raise UsageError(
            "No stream has been loaded yet, and there is no table of others, so no schema is known.",
            where=shop.lake.root,
            fix="run `lakesmith run` first: without models it loads bronze",
        )
    need_dbt_project(shop.paths.root)
    changes = plan_scaffold(tables, read_models(shop.paths.root))
    if not dry_run:
        apply_scaffold(shop.paths.root, changes)
    return changes


def rewrite(shop: Workshop, streams: Collection[StreamId]) -> tuple[FileChange, ...]:
    """Write anew what the scaffold wrote of some streams and nobody edited; return what changed.

    Nothing is written where the project has to be corrected first: `key:` still names a column of the past.

    Raises:
        StorageUnavailableError: If a file cannot be written.
    """
    from lakesmith.dbt.scaffold import apply_scaffold, plan_scaffold, read_models

    if not streams or not shop.has_models:
        return ()
    try:
        planned = plan_scaffold([*_tables(shop), *_of_others(shop)], read_models(shop.paths.root), only=streams)
    except ConfigError:
        return ()  # `lakesmith scaffold` says so
    changes = tuple(change for change in planned if change.action == "update")
    apply_scaffold(shop.paths.root, changes)
    return changes


def catch_up(shop: Workshop) -> tuple[FileChange, ...]:
    """Do what a run that was cut off behind a rename did not come to: `rewrite` what describes columns that bronze has no more."""
    from lakesmith.dbt.scaffold import outdated, read_models

    return rewrite(shop, outdated(_tables(shop), read_models(shop.paths.root))) if shop.has_models else ()


def _tables(shop: Workshop) -> list[ScaffoldTable]:
    from lakesmith.dbt.staging import ScaffoldTable

    heads = ((spec, shop.lake.table(spec.id).head()) for spec in shop.config.streams())
    return [ScaffoldTable(spec, head.schema) for spec, head in heads if head]


def _of_others(shop: Workshop) -> list[ExistingTable]:
    """Return the tables that others load, as they are now, the columns' names folded as those of bronze are."""
    from lakesmith.dbt.existing import ExistingTable
    from lakesmith.run.watching import others_of, watcher_of
    from lakesmith.shape.names import fold

    watchers = [watcher_of(shop, source.name) for source in shop.config.existing()]
    found = [made for watcher in watchers for made in watcher.models(others_of(shop).tables(watcher.place()))]
    return [ExistingTable(made, fold([column.name for column in made.columns])) for made in found]
