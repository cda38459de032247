"""XML that is longer than one piece: rows that lie across two, columns and lists that come late, rows that are put aside."""

from __future__ import annotations

from io import BytesIO
from xml.etree import ElementTree as ET

import pytest

from lakesmith.sources.files import FileStreamOptions
from lakesmith.sources.files.formats.base import Stretch, Tail
from lakesmith.sources.files.formats.nested.xml import FORMAT
from lakesmith.sources.files.formats.nested.xml_survey import survey
from lakesmith.sources.files.formats.nested.xml_tree import Names
from lakesmith.sources.files.reading.tape import Tape

ROWS = 130_000
"""More than are surveyed."""


def _read(content: bytes) -> list[Stretch]:
    options = FileStreamOptions(files="*", rows="/r/row")
    return list(FORMAT.read(Tail("a.xml", BytesIO(content), options), Tape(BytesIO(content), len(content))))


@pytest.mark.long
def test_columns_and_lists_that_come_late_keep_every_value() -> None:
    late = {ROWS - 3: "<new>x</new>", ROWS - 2: "<tag>1</tag><tag>2</tag>", ROWS - 1: "<part k='v'/>"}
    text = "".join(
        f'<row id="{n}">\n  <tag>t{n}</tag><name>some name of some length {n}</name>{late.get(n, "")}</row>\n'
        for n in range(ROWS)
    )
    content = f"<r>{text}</r>".encode()
    assert not survey(BytesIO(content), 8 * 1024 * 1024, Names()).repeated - {("r", "row")}
    stretches = _read(content)
    rows = [row for stretch in stretches for row in stretch.rows.to_pylist()]
    assert sum(stretch.counted or 0 for stretch in stretches) == len(rows) == ROWS
    for row, element in zip(rows, ET.fromstring(content), strict=True):
        tags = [one.text for one in element.findall("tag")]
        assert row["@id"] == element.get("id")
        assert row["name"] == element.findtext("name")
        assert row["tag"] in (tags, tags[0])
        assert row.get("new") == element.findtext("new")
    assert rows[-2]["tag"] == [f"t{ROWS - 2}", "1", "2"]
    assert rows[-1]["part"] == {"@k": "v"}


def test_rows_across_pieces_are_put_aside_with_their_place() -> None:
    deep = "<d>" * 40 + "</d>" * 40
    filler = "".join(f"<row><a>{'y' * 1000}{n}</a></row>\n" for n in range(500))
    content = f"<r>\n{filler}<row><a>{deep}</a></row>\n{filler}<row><a>{'<d>' * 60_000}{'</d>' * 60_000}</a></row>\n</r>".encode()
    stretches = _read(content)
    rejects = [
        (one.where, one.reason.partition(" than ")[2], one.raw[:20]) for stretch in stretches for one in stretch.rejects
    ]
    assert rejects == [
        ("a.xml:502", "32 levels", "<row><a><d><d><d><d>"),
        ("a.xml:1003", "32 levels", "<row><a><d><d><d><d>"),
    ]
    assert sum(stretch.rows.num_rows for stretch in stretches) == 1000
    assert sum(stretch.counted or 0 for stretch in stretches) == 1002
