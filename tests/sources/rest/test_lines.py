"""Answers that are lines: how many records they have, and whether they were cut off."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakesmith.sources.rest.flow.values import Held
from lakesmith.sources.rest.reading import lines
from lakesmith.sources.rest.reading.lines import look_at_lines


@pytest.mark.parametrize(
    ("text", "is_csv", "count", "is_ended"),
    [
        (b"", True, 0, True),
        (b"a,b\n", True, 0, True),
        (b"a,b\n1,2\n\n3,4\n", True, 2, True),
        (b"a,b\r\n1,2\r\n3,4", True, 2, False),
        (b'a,b\n1,"x\ny"\n', True, 1, True),
        (b'a,b\n1,"x\n', True, 1, False),
        (b'a,b\n"",""\n"say ""hi""",2\n', True, 2, True),
        (b'{"a":"\\"x"}\n{"a":2}\n', False, 2, True),
        (b'{"a":1}\n{"a":', False, 2, False),
        (b"\n\n", False, 0, True),
    ],
)
def test_records_and_end(text, is_csv, count, is_ended):
    seen = look_at_lines(Held(text), is_csv=is_csv)
    assert (seen.count, seen.is_ended) == (count, is_ended)


@given(st.lists(st.lists(st.text('a"\n\r, ', min_size=1), min_size=2, max_size=3)), st.integers(1, 9))
def test_as_many_records_as_a_reader_of_csv_finds(rows, piece):
    file = io.StringIO()
    csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([["a", "b"], *rows])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "PIECE", piece)
        seen = look_at_lines(Held(file.getvalue().encode()), is_csv=True)
    assert (seen.count, seen.is_ended) == (len(rows), True)
