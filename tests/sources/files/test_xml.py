"""XML against the standard library's tree, element by element, and the tricks that a parser must not fall for."""

import sys
import xml.etree.ElementTree as ET
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from file_reading import read
from nested_oracle import bare

from lakesmith.errors import SourceDataError
from lakesmith.model.streams import TEXT_KEY, Ask
from lakesmith.sources.files.formats.base import Tail
from lakesmith.sources.files.formats.nested.xml import FORMAT
from lakesmith.sources.files.options import FileStreamOptions

BOOKS = """<?xml version="1.0"?>
<!-- a comment --><?pi x?>
<catalog owner="x">
  <book id="1" lang="en"><title>A &amp; B</title><author>X</author><price cur="EUR">9.50</price></book>
  <book id="2"><title><![CDATA[<b>]]></title><author>Y</author><author>Z</author><price>3</price><empty/></book>
</catalog>
"""


def chunks(delivery, content: bytes | str, **options: object) -> list:
    delivery.put("a.xml", content)
    stream = delivery.stream("a.xml", **options)
    source = delivery.source(stream)
    return [chunk for split in source.splits(stream, Ask()) for chunk in source.read(stream, split, Ask())]


def test_attributes_lists_structs_and_texts(delivery) -> None:
    rows, rejects = read(delivery, "a.xml", BOOKS)
    assert rejects == []
    assert list(map(bare, rows)) == [
        {"@id": "1", "@lang": "en", "title": "A & B", "author": ["X"], "price": {"@cur": "EUR", "#text": "9.50"}},
        {"@id": "2", "title": "<b>", "author": ["Y", "Z"], "price": {"#text": "3"}, "empty": ""},
    ]


def test_texts_right_below_the_row_are_marked_for_typing(delivery) -> None:
    schema = chunks(delivery, BOOKS)[0].rows.schema
    marked = {item.name for item in schema if TEXT_KEY in (item.metadata or {})}
    assert marked == {"@id", "@lang", "title", "empty"}
    assert schema.field("author").type == pa.list_(pa.string())


def test_a_real_file(delivery, test_data: Path) -> None:
    path = test_data / "documents" / "factbook.xml"
    if not path.exists():
        pytest.skip(f"no test data: {path}")
    rows, rejects = read(delivery, "a.xml", path.read_bytes())
    expected = [{child.tag: child.text for child in country} for country in ET.parse(path).getroot()]
    assert (rows, rejects) == (expected, [])


@pytest.mark.parametrize(
    ("rows_at", "expected"),
    [
        (None, [{"b": "1"}, {"b": "2"}]),
        ("/r/x/a", [{"b": "1"}, {"b": "2"}]),
        ("a", [{"b": "1"}, {"b": "2"}, {"b": "3"}]),
        ("/r/other", [{"a": {"b": "3"}}]),
        ("/r", [{"x": {"a": [{"b": "1"}, {"b": "2"}]}, "other": {"a": {"b": "3"}}}]),
    ],
)
def test_where_the_rows_are(delivery, rows_at: str | None, expected: list) -> None:
    content = "<r><x><a><b>1</b></a><a><b>2</b></a></x><other><a><b>3</b></a></other></r>"
    assert read(delivery, "a.xml", content, **({} if rows_at is None else {"rows": rows_at})) == (expected, [])


def test_a_document_without_repetition_is_one_row(delivery) -> None:
    assert read(delivery, "a.xml", "<config><a>1</a><b c='2'/></config>")[0] == [{"a": "1", "b": {"@c": "2"}}]


def test_mixed_content_is_text_as_it_was_written(delivery) -> None:
    content = "<r><p>Hello <b>big &lt;</b> <i k='&quot;v'/> world</p><p><b>x</b></p><p>plain</p></r>"
    rows, _ = read(delivery, "a.xml", content, rows="/r")
    assert bare(rows) == [
        {"p": [{"#text": "Hello <b>big &lt;</b> <i k='\"v'/> world"}, {"b": "x"}, {"#text": "plain"}]}
    ]


def test_nil_is_null_and_empty_is_not(delivery) -> None:
    content = '<r xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><a><b xsi:nil="true"/></a><a><b/></a><a><b xsi:nil="false">x</b></a></r>'
    assert [row["b"] for row in read(delivery, "a.xml", content)[0]] == [None, "", "x"]


@pytest.mark.parametrize(
    ("option", "names"),
    [("prefix", ["dc:title", "title", "@x:id", "@id"]), ("drop", ["title", "@id", "@x:id"])],
)
def test_namespaces(delivery, option: str, names: list[str]) -> None:
    content = '<r xmlns="urn:d" xmlns:dc="urn:dc" xmlns:x="urn:x"><a id="1" x:id="2"><dc:title>t</dc:title><title>u</title></a><a/></r>'
    rows, _ = read(delivery, "a.xml", content, xml_namespaces=option)
    assert sorted(rows[0]) == sorted(names)
    assert rows[0]["title"] == ("u" if option == "prefix" else ["t", "u"])


def test_lists_can_be_pinned(delivery) -> None:
    content = "<r><a><b>1</b><c><d>2</d></c></a><a/></r>"
    rows, _ = read(delivery, "a.xml", content, xml_lists=["b", "c/d"])
    assert rows[0] == {"b": ["1"], "c": {"d": ["2"]}}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "windows-1252", "euc-jp", "cp437"])
def test_declared_encodings(delivery, encoding: str) -> None:
    letter = "語" if encoding == "euc-jp" else "ü"
    content = f'<?xml version="1.0" encoding="{encoding}"?><r><a>{letter}1</a><a>2</a></r>'.encode(encoding)
    assert read(delivery, "a.xml", content)[0] == [{"#text": f"{letter}1"}, {"#text": "2"}]


ENTITY = '<?xml version="1.0"?><!DOCTYPE r [{}]><r><a>&x;</a><a>1</a></r>'


@pytest.mark.parametrize(
    "declared",
    [
        '<!ENTITY x "y">',
        '<!ENTITY x SYSTEM "file:///etc/passwd">',
        '<!ENTITY x PUBLIC "p" "http://127.0.0.1:9/x">',
        '<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY x "&b;&b;&b;&b;&b;&b;">',
        '<!ENTITY % p SYSTEM "http://127.0.0.1:9/x.dtd"> %p;',
    ],
)
def test_entities_of_the_file_are_refused(delivery, declared: str) -> None:
    with pytest.raises(SourceDataError, match=r"declares entities"):
        read(delivery, "a.xml", ENTITY.format(declared))


def test_an_entity_of_a_file_elsewhere_puts_the_row_aside(delivery) -> None:
    content = '<!DOCTYPE r SYSTEM "x.dtd"><r>\n<a>x&nbsp;y</a>\n<a>1</a></r>'
    rows, rejects = read(delivery, "a.xml", content)
    assert rows == [{"#text": "1"}]
    assert [(one.where, one.reason) for one in rejects] == [
        ("a.xml:2", "it refers to an entity `nbsp` that only a file elsewhere declares")
    ]
    assert rejects[0].raw.startswith("<a>x&nbsp;y</a>")


@pytest.mark.parametrize(
    ("content", "where"),
    [
        ("<r><a>1</a><a>2</a>", r"a.xml:1, column 20"),
        ("<r>\n<a>1</a>\n<a>2</b></r>", r"a.xml:3, column 7"),
        ("<r><a>1</a></r><r/>", r"a.xml:1, column 16"),
        ("<r><a>&x;</a><a/></r>", r"a.xml:1, column 7"),
        ("hello", r"a.xml:1, column 1"),
        ("<r><a>\x00</a></r>", r"a.xml:1"),
    ],
)
def test_what_is_not_well_formed_is_refused_with_its_place(delivery, content: str, where: str) -> None:
    with pytest.raises(SourceDataError, match=rf"(?s)not well-formed.*{where}"):
        read(delivery, "a.xml", content)


def test_no_element_at_the_path(delivery) -> None:
    with pytest.raises(SourceDataError, match="no element at `rows: /x/y`"):
        read(delivery, "a.xml", BOOKS, rows="/x/y")


def test_a_huge_element_and_a_deep_one_are_put_aside(delivery) -> None:
    deep = "<d>" * 5_000 + "</d>" * 5_000
    rows, rejects = read(
        delivery, "a.xml", f"<r>\n<a>{'x' * 9_000_000}</a>\n<a>1</a>\n<a>{deep}</a>\n<a>2</a></r>", rows="/r/a"
    )
    assert [row["#text"] for row in rows] == ["1", "2"]
    assert [(one.where, one.reason, one.cut) for one in rejects] == [
        ("a.xml:2", "the element is longer than 8 MB", True),
        ("a.xml:4", "objects and lists are nested deeper than 32 levels", False),
    ]


def test_elements_above_the_rows_that_are_nested_without_end_are_refused(delivery) -> None:
    with pytest.raises(SourceDataError, match="nested deeper than 1000"):
        read(delivery, "a.xml", "<r>" + "<d>" * 5_000 + "</d>" * 5_000 + "</r>", rows="/x")


def test_check_shows_the_guess(delivery) -> None:
    delivery.put("a.xml", BOOKS)
    stream = delivery.stream("a.xml")
    texts = [one.text for one in delivery.source(stream).check()]
    assert any("rows at `/catalog/book` (found out), 6 fields" in text and "lists: author" in text for text in texts)


names = st.sampled_from(["a", "b", "c"])
texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=4).filter(
    lambda text: "\ufffe" not in text and "\uffff" not in text
)


def elements(depth: int = 3):
    def build(name, attributes, text, children):
        made = ET.Element(name, attributes)
        if children:
            made.extend(children)
        else:
            made.text = text
        return made

    children = st.lists(elements(depth - 1), max_size=3) if depth else st.just([])
    return st.builds(build, names, st.dictionaries(names, texts, max_size=2), texts, children)


def texts_of(value) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in texts_of(item)]
    if isinstance(value, list):
        return [text for item in value for text in texts_of(item)]
    return [] if value is None else [value]


@settings(max_examples=40, deadline=None)
@given(st.lists(elements(), min_size=1, max_size=5))
def test_every_text_and_attribute_is_found_again(tmp_path_factory, rows) -> None:
    from tests.sources.files.conftest import Delivery

    root = ET.Element("root")
    for number, row in enumerate(rows):
        row.tag = "row"
        row.set("number", str(number))
        root.append(row)
    delivery = Delivery(tmp_path_factory.mktemp("x"))
    made, rejects = read(delivery, "a.xml", ET.tostring(root, encoding="utf-8"), rows="/root/row")
    assert rejects == []
    assert [row["@number"] for row in made] == [str(number) for number in range(len(rows))]
    for ours, row in zip(made, rows, strict=True):
        sent = [text for item in row.iter() for text in [*item.attrib.values(), item.text or ""] if text.strip()]
        assert sorted(text for text in texts_of(ours) if text.strip()) == sorted(sent)


def test_an_element_from_quarantine_is_read_again() -> None:
    tail = Tail("a.xml", BytesIO(b""), FileStreamOptions(files="*.xml", xml_lists=["b"]))
    again = [row for stretch in FORMAT.again(b'<x:a k="1"><b>2</b></x:a>', tail) for row in stretch.rows.to_pylist()]
    assert again == [{"b": ["2"], "@k": "1"}]


@pytest.mark.parametrize("codec", ["zlib_codec", "hex", "rot13", "klingon"])
def test_an_encoding_that_is_none_of_texts_is_refused(delivery, codec):
    delivery.put("t.xml", f'<?xml version="1.0" encoding="{codec}"?><r><i><a>1</a></i></r>'.encode())
    with pytest.raises(SourceDataError, match="which nobody knows"):
        delivery.load(delivery.stream("t.xml"))
