"""Connectors of others as programs: Singer taps, connectors of Airbyte, resources of dlt. Each stream is a run of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lakesmith.sources.wrapped.airbyte import AirbyteSource
    from lakesmith.sources.wrapped.dlt import DltSource
    from lakesmith.sources.wrapped.singer import SingerSource

__all__ = ["AirbyteSource", "DltSource", "SingerSource"]

_HOMES = {"AirbyteSource": "airbyte", "DltSource": "dlt", "SingerSource": "singer"}


def __getattr__(name: str) -> Any:
    # Lazy, so that neither knows of the other.
    if name not in _HOMES:
        raise AttributeError(name)
    from importlib import import_module

    return getattr(import_module(f"lakesmith.sources.wrapped.{_HOMES[name]}"), name)
