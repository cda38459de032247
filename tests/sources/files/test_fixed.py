"""Files of fixed width: columns as set, by widths, or found out; short, long and broken lines; growth."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from lakesmith.model.streams import TEXT_KEY, Ask

FIELDS = {"id": [1, 4], "name": [5, 8], "amount": [13, 6]}
cells = st.text(
    alphabet=st.characters(blacklist_categories=["Cs", "Cc"], max_codepoint=0x2FFF), min_size=1, max_size=6
).filter(lambda text: text == text.strip() and text.splitlines() == [text])


def fixed(delivery, **options):
    return delivery.stream("t.fwf", **{"fields": FIELDS, **options})


def reasons(loaded) -> list[tuple[str, str]]:
    return [(told.reason, told.where) for told in loaded.rejects]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(cells, cells, cells), max_size=6), st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030"])
)
def test_every_cell_is_what_was_written(delivery, rows, encoding: str) -> None:
    lines = [f"{number:>6}" + "".join(cell.rjust(8) for cell in row) for number, row in enumerate(rows)]
    delivery.put("t.fwf", "".join(line + "\r\n" for line in lines).encode(encoding))
    loaded = delivery.load(delivery.stream("t.fwf", widths=[6, 8, 8, 8], header=False, encoding=encoding))
    assert loaded.rows == [(str(number), *row) for number, row in enumerate(rows)]
    assert (loaded.rejects, loaded.counted) == ([], len(rows))


def test_the_first_character_of_a_line_is_1_and_values_are_trimmed_text(delivery) -> None:
    delivery.put("t.fwf", "0001Zoë       1.50\n0002          2.50 behind\n")
    stream = fixed(delivery)
    source = delivery.source(stream)
    (chunk,) = source.read(stream, source.splits(stream, Ask())[0], Ask())
    assert chunk.rows.schema.field("id").metadata == {TEXT_KEY: b"1"}
    assert chunk.rows.to_pylist() == [
        {"id": "0001", "name": "Zoë", "amount": "1.50"},
        {"id": "0002", "name": None, "amount": "2.50"},
    ]


def test_short_lines_wait_or_are_filled(delivery) -> None:
    delivery.put("t.fwf", "0001Zoë       1.50\n0002Bob\n\n0003Al      3\n")
    loaded = delivery.load(fixed(delivery))
    assert loaded.rows == [("0001", "Zoë", "1.50"), ("0003", "Al", "3")]
    assert reasons(loaded) == [("too few characters: the last column begins at 13", "t.fwf:2")]
    assert delivery.load(fixed(delivery, ragged="fill")).rows[1] == ("0002", "Bob", None)


def test_widths_take_names_from_the_header_and_refuse_longer_lines(delivery) -> None:
    delivery.put("t.fwf", "made today\nid  name  \n1   Anna  \n2   Bob   x\n3   Al\n")
    loaded = delivery.load(delivery.stream("t.fwf", widths=[4, 6], skip_rows=1))
    assert (loaded.columns, loaded.rows) == (["id", "name"], [("1", "Anna"), ("3", "Al")])
    assert reasons(loaded) == [("too many characters: text behind the last column", "t.fwf:4")]


def test_columns_are_found_where_header_and_records_have_blanks(delivery) -> None:
    content = "ID  FULL NAME    AMOUNT\n 1  Anna Lee       3.50\n 2  Bob Miller    12.00\n10  Al Roe            7\n"
    delivery.put("t.fwf", content)
    first = delivery.load(delivery.stream("t.fwf"))
    assert first.columns == ["ID", "FULL NAME", "AMOUNT"]
    assert first.rows == [("1", "Anna Lee", "3.50"), ("2", "Bob Miller", "12.00"), ("10", "Al Roe", "7")]
    delivery.put(
        "t.fwf", content + "11  Christopher   1.00\n12  Christophers  1.00\n"
    )  # the columns stay where they were
    second = delivery.load(delivery.stream("t.fwf"), first.position)
    assert second.rows == []
    assert reasons(second) == [("text outside the columns, before `AMOUNT` at 18", f"t.fwf:{line}") for line in (5, 6)]


def test_check_says_where_columns_lie_and_doubts_what_may_be_several(delivery) -> None:
    delivery.put("t.fwf", "ID  NAME\n 1  Anna\n")
    (_, note) = delivery.source(delivery.stream("t.fwf")).check()
    assert (
        note.text
        == "t.fwf: fixed, encoding utf-8, columns ID [1, 2], NAME [5, to the end] (found out; `fields:` would pin it)"
    )
    delivery.put("t.fwf", "ID  NAME   AGE\n 1  Christophers\n")
    *_, doubt = delivery.source(delivery.stream("t.fwf")).check()
    assert (doubt.level, doubt.fix) == ("warning", "set `fields:` or `widths:`")
    assert "`NAME   AGE`, which may be several columns" in doubt.text


def test_a_cut_last_line_waits_until_it_is_whole(delivery) -> None:
    delivery.put("t.fwf", "0001Zoë       1.50\n0002Bo")
    first = delivery.load(fixed(delivery))
    assert reasons(first) == [("the file ends in the middle of a record", "t.fwf:2")]
    delivery.put("t.fwf", "0001Zoë       1.50\n0002Bob       2.50")
    second = delivery.load(fixed(delivery), first.position)
    assert (second.rows, second.rejects) == ([("0002", "Bob", "2.50")], [])
    assert delivery.load(fixed(delivery), second.position).counted == 0


def test_broken_bytes_nul_and_null_words(delivery) -> None:
    delivery.put("t.fwf", b"0001Z\xff        1.50\n0002Bob       2\0\n0003NA        3.50\n")
    loaded = delivery.load(fixed(delivery, null_values=["NA"]))
    assert loaded.rows == [("0003", None, "3.50")]
    assert reasons(loaded) == [
        ("the record is not valid utf-8", "t.fwf:1"),
        ("the record holds a NUL character", "t.fwf:2"),
    ]
    assert loaded.rejects[0].raw == "0001Z\udcff        1.50"


def test_large_files_keep_line_numbers_from_block_to_block(delivery) -> None:
    lines = [f"{number:<12}{number * 3:>10}" for number in range(250_000)]
    lines[200_000] = "short"
    delivery.put("t.fwf", "\n".join(lines) + "\n")
    loaded = delivery.load(delivery.stream("t.fwf", widths=[12, 10], header=False))
    assert reasons(loaded) == [("too few characters: the last column begins at 13", "t.fwf:200001")]
    assert loaded.rows == [(str(n), str(n * 3)) for n in range(250_000) if n != 200_000]
    assert len(loaded.chunk_rows) > 2


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"fields": {"a": [0, 3]}}, "first character of a line is 1"),
        ({"widths": [3, 0]}, "a width is at least 1"),
        ({"widths": [3], "fields": {"a": [1, 3]}}, "not both"),
    ],
)
def test_settings_that_make_no_sense_are_refused(delivery, options: dict, text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        delivery.stream("t.fwf", **options)
