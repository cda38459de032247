"""Whether what was built from bronze can be built on, or belongs to a bronze that is no more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lakesmith.run.workshop import Workshop

SEEN = "seen"


def must_begin_anew(shop: Workshop, manifest: Mapping[str, Any] | None) -> bool:
    """Whether incremental models have to be built from the beginning: their watermarks say nothing about the bronze of today.

    That is so where a table no longer descends from the snapshot that was built last (the lake was deleted, or its catalog
    restored), for the same `_ls_seq` then stands for other rows; and where nobody knows what the build file was made from.
    """
    if manifest is None:
        return bool(shop.paths.build.exists() and any(shop.paths.build.iterdir()))
    seen = (manifest.get("inputs") or {}).get(SEEN) or {}
    tables = {str(stream): shop.lake.table(stream) for stream in shop.lake.streams()}
    return any(name in tables and not tables[name].descends_from(snapshot) for name, snapshot in seen.items())


def seen_after(
    manifest: Mapping[str, Any] | None, bronze: Mapping[str, int | None], *, complete: bool
) -> dict[str, int | None]:
    """Return the snapshot of each table that every model was last built on; a build of some models moves none of them."""
    before = ((manifest or {}).get("inputs") or {}).get(SEEN) or {}
    return {**before, **bronze} if complete else {**bronze, **before}
