"""The JSON twin of a page: the same values, in words that every reader of JSON knows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from typing import Any


def as_json(view: object) -> str:
    """Return a view as JSON."""
    return json.dumps(as_facts(view), ensure_ascii=False, separators=(",", ":"))


def as_facts(view: Any) -> Any:
    """Return a view as mappings, lists, texts and numbers; a moment is text in ISO 8601."""
    if is_dataclass(view) and not isinstance(view, type):
        return {one.name: as_facts(getattr(view, one.name)) for one in fields(view)}
    if isinstance(view, Mapping):
        return {str(key): as_facts(part) for key, part in view.items()}
    if isinstance(view, list | tuple | set | frozenset):
        return [as_facts(part) for part in view]
    if isinstance(view, datetime | date):
        return view.isoformat()
    return view
