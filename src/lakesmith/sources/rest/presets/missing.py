"""What a person is told of a credential that the project file does not have: where it is had."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from lakesmith.sources.rest.presets.base import page_of


def how_to_get(preset: str, *names: str) -> str:
    """Return how credentials of a platform are had, as its page says."""
    needs: Mapping[str, str] = page_of(preset).get("needs", {})
    return "; ".join(f"`{name}` is {needs[name]}" for name in names if name in needs)


def told_missing(preset: str, options: type[BaseModel], data: Any) -> Any:
    """Return what the project file says, as it is.

    Raises:
        ValueError: If a key is missing of which the platform's page says how it is had.
    """
    if isinstance(data, Mapping):
        needs = page_of(preset).get("needs", {})
        required = [name for name, field in options.model_fields.items() if field.is_required() and name in needs]
        missing = [name for name in required if name not in data]
        if missing:
            listed = ", ".join(f'"{name}"' for name in missing)
            raise ValueError(f"missing key {listed}: {how_to_get(preset, *missing)}")
    return data
