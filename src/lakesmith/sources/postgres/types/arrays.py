"""Arrays of one dimension, as lists; those whose elements do not all fit become the server's words for the whole array."""

from __future__ import annotations

from lakesmith.model.types import Decimal
from lakesmith.sources.postgres.types.arrow import Array, pa, pc
from lakesmith.sources.postgres.types.numbers import part_numbers
from lakesmith.sources.postgres.types.parts import Parts, part


def part_number_lists(lists: Array, kind: Decimal) -> Parts:
    """Return arrays of numerics, which arrive as lists of text, in parts."""
    inner = part_numbers(lists.flatten(), kind)
    if inner.words is None:
        return Parts(_lists(lists, inner.values))
    owners = pc.unique(pc.list_parent_indices(lists).filter(inner.words.is_valid()))
    rare = pc.is_in(pa.arange(0, len(lists)), value_set=owners)
    parts = part(lists, rare, _words)
    return Parts(_lists(parts.values, part_numbers(parts.values.flatten(), kind).values), parts.words)


def _lists(lists: Array, elements: Array) -> Array:
    """Return other elements in lists as long as these."""
    lengths = pc.fill_null(pc.list_value_length(lists), 0).cast(pa.int32())
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(lengths)])
    return pa.ListArray.from_arrays(offsets, elements, mask=lists.is_null() if lists.null_count else None)


def _words(lists: Array) -> Array:
    """Return lists of numbers as the server writes arrays; no number needs quotes."""
    shown = _lists(lists, pc.fill_null(lists.flatten(), "NULL"))
    return pc.binary_join_element_wise("{", pc.binary_join(shown, ","), "}", "")
