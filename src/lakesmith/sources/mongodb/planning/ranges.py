"""Ranges of `_id` that hold every document once, whatever the types of the `_id`s are."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from lakesmith.sources.mongodb.elements import Element
from lakesmith.sources.mongodb.position import Part

OBJECT_ID = 0x07
OBJECT_IDS, OTHERS = "objectId", "others"
ALL_TYPES = (-1, *range(1, 20), 127)
"""The numbers of all types of BSON, from the least key to the greatest."""


def ranges(cuts: Sequence[Element]) -> list[Part]:
    """Return the ranges between cuts, the first open below and the last above.

    Where all cuts are object ids, the ranges are of these alone, since their index finds them by `$gte` and `$lt`, which do not look
    beyond a type, and one more part is of all other types. Else they are bounded in the order of all types, by `min` and `max`.
    """
    bounds = ["", *(cut.text for cut in cuts), ""]
    are_alike = bool(cuts) and all(cut.type == OBJECT_ID for cut in cuts)
    made = [Part(low=low, high=high, ids=OBJECT_IDS if are_alike else "") for low, high in itertools.pairwise(bounds)]
    return [*made, Part(ids=OTHERS)] if are_alike else made


def within(part: Part) -> list[dict[str, Any]]:
    """Return the conditions of a part whose `_id`s are of one type or of all others; none where `min` and `max` bound them."""
    if part.ids == OTHERS:
        return [{"_id": {"$type": [number for number in ALL_TYPES if number != OBJECT_ID]}}]
    if part.ids != OBJECT_IDS:
        return []
    bounds = {"$gte": part.low, "$lt": part.high}
    return [{"_id": {word: Element.of_text(text).python for word, text in bounds.items() if text}}]
