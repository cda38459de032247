"""Collections of a MongoDB server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lakesmith.sources.mongodb.options import MongoOptions, MongoStreamOptions
    from lakesmith.sources.mongodb.source import MongoSource

__all__ = ["MongoOptions", "MongoSource", "MongoStreamOptions"]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: the worker processes need none of them, nor what checks options."""
    from importlib import import_module

    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = "source" if name == "MongoSource" else "options"
    return getattr(import_module(f"{__name__}.{module}"), name)
