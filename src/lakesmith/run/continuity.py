"""Whether what was built can be built on, or has to be built from the beginning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lakesmith.model.streams import StreamId
from lakesmith.run.sampling import SAMPLE, sample_of
from lakesmith.run.workshop import Order, Workshop

if TYPE_CHECKING:
    from lakesmith.dbt.artifacts import Node
    from lakesmith.run.build import Attached

SEEN, SCAFFOLDED, GENERATIONS = "seen", "scaffolded", "generations"


def must_begin_anew(shop: Workshop, manifest: Mapping[str, Any] | None) -> bool:
    """Whether incremental models have to be built from the beginning, for their watermarks say nothing about what they lack.

    That is so where a table no longer descends from the snapshot that was built last (the lake was deleted, or its catalog
    restored: the same `_ls_seq` then stands for other rows), where the target's sample is another one, where the scaffold wrote a model anew (older rows were read by the
    earlier text), and where nobody knows what the build file was made from.
    """
    if manifest is None:
        return bool(shop.paths.build.exists() and any(shop.paths.build.iterdir()))
    if (manifest.get("inputs") or {}).get(SAMPLE) != sample_of(shop):
        return True
    texts = _before(manifest, SCAFFOLDED)
    if any(texts.get(path, text) != text for path, text in _scaffolded(shop).items()):
        return True
    tables = {str(stream): shop.lake.table(stream) for stream in shop.lake.streams()}
    seen = _before(manifest, SEEN).items()
    return any(name in tables and not tables[name].descends_from(snapshot) for name, snapshot in seen)


def risen(manifest: Mapping[str, Any] | None, generations: Mapping[str, int]) -> list[StreamId]:
    """Return the streams that were swapped or rolled back since they were built last: rows that models hold may be gone from them."""
    before = _before(manifest, GENERATIONS)
    return [StreamId.parse(name) for name, now in sorted(generations.items()) if before.get(name, now) != now]


def forget_below(shop: Workshop, order: Order, streams: Sequence[StreamId], left_out: Sequence[str]) -> None:
    """Take the incremental models below some streams out of the workspace, so that dbt builds them from the beginning.

    Their siblings go on from where they are, and readers see nothing of it: what they open is swapped after the tests. A model
    whose `full_refresh` is set to false stays, as it would with dbt's own `--full-refresh`.

    Args:
        shop: The workshop.
        order: What is going to be built; models outside it stay as they are.
        streams: The streams that rose to a new generation.
        left_out: Selectors of what is not going to be built.
    """
    from lakesmith.run.selecting import project_graph

    graph = project_graph(shop)
    built = set(graph.select(order.select, (*order.exclude, *left_out)).models)
    below = [graph.nodes[name] for name in graph.downstream(streams).models if name in built]
    shop.engine.forget([node.relation for node in below if _begins_anew(node)])


def _begins_anew(node: Node) -> bool:
    return (
        node.resource_type == "model"
        and node.materialized == "incremental"
        and node.config.get("full_refresh") is not False
    )


def stays_complete(shop: Workshop, attached: Attached, models: str, streams: Sequence[StreamId]) -> bool:
    """Whether a build of all that depends on some streams leaves nothing due: no model and no other table has changed since."""
    manifest = shop.engine.read_manifest() or {}
    inputs = manifest.get("inputs") or {}
    before, now = inputs.get("bronze") or {}, attached.bronze
    others = {*before, *now} - {str(stream) for stream in streams}
    same = all(holds_same_rows(shop, name, before, now) for name in others)
    return bool(inputs.get("complete")) and inputs.get("models") == models and same


def holds_same_rows(shop: Workshop, name: str, before: Mapping[str, int | None], now: Mapping[str, int | None]) -> bool:
    """Whether a table holds the rows that were built last: the same snapshot, or one that only upkeep came after.

    Args:
        shop: The workshop.
        name: The table's stream.
        before: The snapshot of every table as it was built last, by stream.
        now: The snapshot of every table now, by stream.
    """
    if name not in before or name not in now:
        return False
    return before[name] == now[name] or shop.lake.table(StreamId.parse(name)).only_tended_since(before[name])


def built_from(shop: Workshop, attached: Attached, *, complete: bool) -> dict[str, dict[str, Any]]:
    """Return what every model was last built from, for `must_begin_anew`; a build of some models only moves none of it."""
    manifest = shop.engine.read_manifest()
    now: dict[str, Mapping[str, Any]] = {
        SEEN: attached.bronze,
        GENERATIONS: attached.generations,
        SCAFFOLDED: _scaffolded(shop),
    }
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
