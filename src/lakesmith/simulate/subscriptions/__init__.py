"""A demo subscription business in a PostgreSQL database that keeps changing, and the truth about all of its marts."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lakesmith.simulate.subscriptions.books import daily
    from lakesmith.simulate.subscriptions.business import Subscriptions, last_tick
    from lakesmith.simulate.subscriptions.generator import Generator
    from lakesmith.simulate.subscriptions.truth import SUBSCRIPTIONS_MARTS, subscriptions_truth

__all__ = ["SUBSCRIPTIONS_MARTS", "Generator", "Subscriptions", "daily", "last_tick", "subscriptions_truth"]

_HOMES = {
    "SUBSCRIPTIONS_MARTS": "truth",
    "Generator": "generator",
    "Subscriptions": "business",
    "daily": "books",
    "last_tick": "business",
    "subscriptions_truth": "truth",
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
