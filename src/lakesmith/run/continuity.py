"""Whether what was built can be built on, or has to be built from the beginning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lakesmith.run.workshop import Workshop

SEEN, SCAFFOLDED = "seen", "scaffolded"


def must_begin_anew(shop: Workshop, manifest: Mapping[str, Any] | None) -> bool:
    """Whether incremental models have to be built from the beginning, for their watermarks say nothing about what they lack.

    That is so where a table no longer descends from the snapshot that was built last (the lake was deleted, or its catalog
    restored: the same `_ls_seq` then stands for other rows), where the scaffold wrote a model anew (older rows were read by the
    earlier text), and where nobody knows what the build file was made from.
    """
    if manifest is None:
        return bool(shop.paths.build.exists() and any(shop.paths.build.iterdir()))
    texts = _before(manifest, SCAFFOLDED)
    if any(texts.get(path, text) != text for path, text in _scaffolded(shop).items()):
        return True
    tables = {str(stream): shop.lake.table(stream) for stream in shop.lake.streams()}
    seen = _before(manifest, SEEN).items()
    return any(name in tables and not tables[name].descends_from(snapshot) for name, snapshot in seen)


def built_from(shop: Workshop, bronze: Mapping[str, int | None], *, complete: bool) -> dict[str, dict[str, Any]]:
    """Return what every model was last built from, for `must_begin_anew`; a build of some models only moves none of it."""
    manifest = shop.engine.read_manifest()
    now: dict[str, Mapping[str, Any]] = {SEEN: bronze, SCAFFOLDED: _scaffolded(shop)}
    before = {name: _before(manifest, name) for name in now}
    return {name: {**before[name], **now[name]} if complete else {**now[name], **before[name]} for name in now}


def _before(manifest: Mapping[str, Any] | None, name: str) -> Mapping[str, Any]:
    found = ((manifest or {}).get("inputs") or {}).get(name)
    return found if isinstance(found, dict) else {}


def _scaffolded(shop: Workshop) -> dict[str, str]:
    """Return the hash of each model that the scaffold wrote and nobody edited, by path."""
    from hashlib import sha256

    from lakesmith.dbt.scaffold import is_own, read_models

    models = {path: text for path, text in read_models(shop.paths.root).items() if path.endswith(".sql")}
    return {path: sha256(text.encode()).hexdigest()[:16] for path, text in models.items() if is_own(text)}
