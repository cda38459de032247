"""Names, drift, casts and masks: pure functions from (known schema, seen schema, policy) to a reshape, and Arrow casts."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lakesmith.shape.arrow_types import arrow_schema, arrow_type, type_of
    from lakesmith.shape.decision import decide
    from lakesmith.shape.names import fold
    from lakesmith.shape.policy import Policy
    from lakesmith.shape.profile import ColumnReport, TextProfile
    from lakesmith.shape.shaper import Shaper

__all__ = ["ColumnReport", "Policy", "Shaper", "TextProfile", "arrow_schema", "arrow_type", "decide", "fold", "type_of"]

_HOMES = {
    "ColumnReport": "profile",
    "Policy": "policy",
    "Shaper": "shaper",
    "TextProfile": "profile",
    "arrow_schema": "arrow_types",
    "arrow_type": "arrow_types",
    "decide": "decision",
    "fold": "names",
    "type_of": "arrow_types",
}


def __getattr__(name: str) -> Any:
    # Lazy, so that `lakesmith.shape.names` and `.policy` can be used without importing pyarrow.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
