"""Pages whose way on is the last record that was sent, so that others which come or go meanwhile move nothing."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from lakesmith.simulate.apis.paging import page
from lakesmith.simulate.apis.serving import Asked

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class KeyPage(Generic[Row]):
    """Some rows of a list; `next` is the word that leads to those behind them, None after the last; `total` is what the server says."""

    rows: Sequence[Row]
    next: str | None
    total: int


def key_page(rows: Sequence[Row], keys: Sequence[Any], word: str, size: int, asked: Asked) -> KeyPage[Row]:
    """Return the page behind the record that a word names; the first one if it is empty.

    `keys` are those of the rows, in their order: numbers, texts, or lists of such. Faults are those of `paging.page`; a page that is
    empty is left by another word than it was reached by, one that loops by the same.
    """
    key = json.loads(base64.urlsafe_b64decode(word))[0] if word else None
    listed = page(rows, _start(keys, key), size, asked)
    if listed.next is None:
        return KeyPage(listed.rows, None, listed.total)
    after = keys[listed.next - 1] if listed.next else None
    told = [after, asked.number] if asked.is_spoilt("empty_page") or after is None else [after]
    return KeyPage(listed.rows, word_of(told), listed.total)


def word_of(told: Any) -> str:
    """Return a word that nobody outside has to understand."""
    return base64.urlsafe_b64encode(json.dumps(told).encode()).decode()


def _start(keys: Sequence[Any], key: Any) -> int:
    if key is None:
        return 0
    return keys.index(key) + 1 if key in keys else sum(one <= key for one in keys)
