"""Record ends and counts against Python's csv module, for every text over the characters that matter."""

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from lakesmith.sources.files.formats.blocks import BlockReader, Sizes
from lakesmith.sources.files.formats.text.lexer import Lexer
from lakesmith.sources.files.reading.tape import Tape

LEXER = Lexer(b",", b'"')
texts = st.text(alphabet='ab,"\n', max_size=60)
texts_with_cr = st.text(alphabet='a,"\r\n', max_size=60)


def records_of(text: str) -> list[list[str]]:
    return [record for record in csv.reader(io.StringIO(text, newline="")) if record]


@given(texts)
def test_counts_what_the_csv_module_reads(text: str) -> None:
    assert LEXER.count(LEXER.mask(text.encode())) == len(records_of(text))


@given(texts)
def test_fields_are_those_the_csv_module_reads(text: str) -> None:
    records = [record for _, record in LEXER.records(text.encode(), 1) if record.strip(b"\n")]
    assert [LEXER.fields(record) for record in records] == [len(record) for record in records_of(text)]


@given(texts_with_cr)
def test_line_numbers_count_every_line_end(text: str) -> None:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for number, record in LEXER.records(text.encode(), 1):
        first = record.decode().replace("\r\n", "\n").replace("\r", "\n").split("\n")[0]
        assert lines[number - 1].startswith(first)
    assert LEXER.lines(text.encode()) == len(lines) - 1


@given(texts_with_cr, st.integers(1, 9))
def test_blocks_of_any_size_hold_the_same_records(text: str, size: int) -> None:
    data = text.encode()
    blocks = list(BlockReader(Tape(io.BytesIO(data), len(data)), LEXER, 1, Sizes(block=size)))
    whole = [record for _, record in LEXER.records(data, 1)]
    cut = [record for block in blocks for _, record in LEXER.records(block.data, 1)] + [
        b.rest for b in blocks if b.rest
    ]
    assert cut == whole
    assert sum(block.records for block in blocks) + any(b.rest for b in blocks) == LEXER.count(LEXER.mask(data))


@given(
    st.lists(st.sampled_from(["a", "b,c", '"x,y"', '"d""q"', 'a"b', '"in\nside"', '"open', "", '"a"b', '"\r"', "\r"])),
    st.sampled_from(["\n", "\r\n"]),
)
def test_a_cut_of_lines_counts_records_and_lines(lines: list[str], end: str) -> None:
    data = "".join(f"{line}{end}" for line in lines).encode()
    cut = LEXER.cut(data, final=True)
    assert data.startswith(cut.data)
    assert not LEXER.is_open(cut.data)
    assert cut.records == LEXER.count(LEXER.mask(cut.data)) == len(records_of(cut.data.decode()))
    assert cut.lines == LEXER.lines(cut.data)
    assert LEXER.first_end(data[len(cut.data) :], final=False) == 0


@given(texts_with_cr, st.integers(1, 9), st.integers(3, 20))
def test_a_record_over_the_limit_is_passed_over_and_no_other(text: str, size: int, limit: int) -> None:
    data = text.encode()
    reader = BlockReader(Tape(io.BytesIO(data), len(data)), LEXER, 1, Sizes(block=size, record=limit))
    blocks = list(reader)
    kept = [record for block in blocks for _, record in LEXER.records(block.data, 1)] + [
        b.rest for b in blocks if b.rest
    ]
    whole = [record for _, record in LEXER.records(data, 1)]
    passed = [block.oversized for block in blocks if block.oversized is not None]
    assert len(kept) + len(passed) == len(whole)
    assert all(record in kept for record in whole if len(record) <= limit)
    assert all(any(record.startswith(raw) and len(record) > limit for record in whole) for raw in passed)


@given(texts, texts)
def test_folded_bytes_leave_the_lexer_in_the_same_state(before: str, after: str) -> None:
    before = "a," + before.replace("\n", "")
    folded = LEXER.fold(before.encode()) + after.encode()
    rest = LEXER.first_end(before.encode() + after.encode(), final=True)
    assert (LEXER.first_end(folded, final=True) or None) == (
        rest - len(before) + len(folded) - len(after) if rest else None
    )


def test_stray_quotes_inside_a_field_are_ordinary() -> None:
    assert LEXER.count(LEXER.mask(b'5" pipe,1\n"a\nb",2\n6" x"y,3\n')) == 3
    assert Lexer(b"\t", b"").count(b'"a\tb\n"c\td\n') == 2
