"""A demo company that sells and advertises: its app in MongoDB, its platforms behind APIs, and the truth about all of its marts."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lakesmith.simulate.sales_marketing.business import LAST_DAY, SalesMarketing
    from lakesmith.simulate.sales_marketing.truth import SALES_MARKETING_MARTS, sales_marketing_truth
    from lakesmith.simulate.sales_marketing.world import World

__all__ = ["LAST_DAY", "SALES_MARKETING_MARTS", "SalesMarketing", "World", "sales_marketing_truth"]

_HOMES = {
    "LAST_DAY": "business",
    "SALES_MARKETING_MARTS": "truth",
    "SalesMarketing": "business",
    "World": "world",
    "sales_marketing_truth": "truth",
}


def __getattr__(name: str) -> object:
    """Load a public name when it is first used."""
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module

    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
