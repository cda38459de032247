"""Lineage from a manifest: streams, models, layers, and nothing of other packages."""

from lakesmith.catalog.lineage import Asset, lineage_of
from lakesmith.dbt.artifacts import Manifest, Node
from lakesmith.model.streams import StreamId


def node(unique_id, **facts):
    kind, package, *rest = unique_id.split(".")
    return Node(unique_id, kind, rest[-1], package, **facts)


def manifest(*nodes):
    return Manifest("acme", "duckdb", "1.11", "x", {found.unique_id: found for found in nodes})


def test_streams_feed_models_feed_marts():
    found = lineage_of(
        manifest(
            node("source.acme.shop.orders", source="shop"),
            node("source.acme.other.table", source="other"),
            node(
                "model.acme.stg_orders",
                schema="silver",
                depends_on=("source.acme.shop.orders", "source.acme.other.table"),
            ),
            node("model.acme.fct_orders", schema="gold", depends_on=("model.acme.stg_orders",)),
            node(
                "model.acme.mart_sales",
                fqn=("acme", "marts", "mart_sales"),
                depends_on=("model.acme.fct_orders", "macro.x"),
            ),
            node("model.dbt_utils.helper", schema="x", depends_on=("model.acme.stg_orders",)),
            node("test.acme.unique_x", depends_on=("model.acme.fct_orders",)),
        ),
        [StreamId("shop", "orders"), StreamId("shop", "unused")],
    )
    assert set(found.assets) == {
        Asset("shop.orders", "bronze"),
        Asset("shop.unused", "bronze"),
        Asset("stg_orders", "silver"),
        Asset("fct_orders", "gold"),
        Asset("mart_sales", "marts"),
    }
    assert found.edges == (("fct_orders", "mart_sales"), ("shop.orders", "stg_orders"), ("stg_orders", "fct_orders"))


def test_a_model_in_no_layer_counts_as_gold():
    found = lineage_of(manifest(node("model.acme.thing", schema="analytics")), [])
    assert found.assets == (Asset("thing", "gold"),)
