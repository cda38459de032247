"""When upkeep is due, and which files become one: few files in the end, and few rows written twice."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakesmith.lake.metadata import Metadata
from lakesmith.lake.upkeep.planning import UPKEEP, Piece, Rules, choose, is_due, surely_small

RULES = Rules()
MB = 1 << 20


def piece(number, rows=1_000, size_bytes=30_000, width=None):
    first = number << 32
    return Piece(f"{number}", rows, size_bytes, first, first + (width or rows) - 1, None)


def metadata(*summaries):
    """Return a table whose snapshots, oldest first, have these summaries."""
    raw = [
        {"snapshot-id": at, "parent-snapshot-id": at - 1 or None, "timestamp-ms": at, "summary": summary}
        for at, summary in enumerate(summaries, 1)
    ]
    head = {"main": {"snapshot-id": len(raw), "type": "branch"}} if raw else {}
    return Metadata("m", {"snapshots": raw, "refs": head})


def load(files=1, size_bytes=30_000, total=100):
    return {"added-data-files": str(files), "added-files-size": str(size_bytes), "total-data-files": str(total)}


def test_it_is_due_with_the_32nd_small_file_and_not_before():
    assert not is_due(metadata(), RULES)
    assert not is_due(metadata(*[load()] * 31), RULES)
    assert is_due(metadata(*[load()] * 32), RULES)


def test_what_was_compacted_counts_no_more():
    assert not is_due(metadata(*[load()] * 40, {UPKEEP: "t", **load()}, *[load()] * 31), RULES)
    assert is_due(metadata(*[load()] * 40, {UPKEEP: "t", **load()}, *[load()] * 32), RULES)


def test_large_files_are_never_a_reason():
    assert not is_due(metadata(*[load(files=10, size_bytes=10 * 128 * MB)] * 50), RULES)


def test_files_that_are_gone_are_no_reason():
    assert not is_due(metadata(*[load()] * 50, load(total=3)), RULES)


@pytest.mark.long
@given(st.lists(st.integers(1, 200 * MB), max_size=50))
def test_the_guess_from_a_summary_is_never_too_high(sizes):
    small = sum(size < RULES.small_bytes for size in sizes)
    assert surely_small(len(sizes), sum(sizes), RULES) <= small


def test_large_files_stay_and_part_the_small_ones():
    pieces = [
        piece(1),
        piece(2),
        piece(3, size_bytes=32 * MB),
        piece(4),
        piece(5),
        piece(6, size_bytes=200 * MB),
        piece(7),
    ]
    assert [[one.path for one in group] for group in choose(pieces, RULES)] == [["1", "2"], ["4", "5"]]


def test_files_whose_numbers_overlap_stay():
    pieces = [piece(1), piece(2, width=5 << 32), piece(3), piece(9), piece(10)]
    assert [[one.path for one in group] for group in choose(pieces, RULES)] == [["9", "10"]]


def test_a_group_has_bounds():
    groups = choose([piece(number, size_bytes=30 * MB) for number in range(100)], Rules(most_bytes=300 * MB))
    assert {len(group) for group in groups} == {10}
    assert {len(group) for group in choose(map(piece, range(100)), Rules(most_files=25))} == {25}


@given(st.lists(st.integers(1, 1_000), min_size=1, max_size=400), st.integers(2, 40))
def test_few_files_remain_and_rows_are_rewritten_a_logarithmic_number_of_times(loads, due):
    """The whole life of a table: a compaction after every `due` loads."""
    table, rewritten = [], 0
    for number, rows in enumerate(loads, 1):
        table.append(piece(number, rows=rows))
        if number % due == 0:
            for group in choose(table, RULES):
                rewritten += sum(one.rows for one in group)
                total, last = sum(one.rows for one in group), group[-1].last_seq
                merged = Piece(group[0].path, total, total * 30, group[0].first_seq, last, None)
                table = [one for one in table if one not in group] + [merged]
    table.sort(key=lambda one: one.first_seq)
    assert sum(one.rows for one in table) == sum(loads)
    assert all(before.last_seq < after.first_seq for before, after in pairwise(table))
    total = sum(loads)
    assert len(table) <= due + total.bit_length()
    assert rewritten <= total * (total.bit_length() + 1)
