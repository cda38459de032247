import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakesmith.project.documents import read_document
from lakesmith.project.faults import Faults, Place


def read(text):
    faults = Faults()
    content = text if isinstance(text, bytes) else text.encode()
    return read_document(content, Place(0, "lakesmith.yml", 1), faults), [str(fault) for fault in faults.found]


def test_the_types_are_those_of_yaml_1_2():
    document, _ = read(
        "[on, off, yes, no, y, NO, true, False, 2026-10-01, 07:30, 1_000, 0o17, 0x1F, 017, -3, 1.5, 1e3, .inf, ~, null, '', !!str 12]"
    )
    assert document.data == [
        *("on", "off", "yes", "no", "y", "NO", True, False, "2026-10-01", "07:30", "1_000"),
        *(15, 31, 17, -3, 1.5, 1000.0, float("inf"), None, None, "", "12"),
    ]


def test_keys_are_their_text():
    assert read("{404: a, true: b, on: c, null: d, 1.0: e}")[0].data == {
        "404": "a",
        "true": "b",
        "on": "c",
        "null": "d",
        "1.0": "e",
    }


LINES = """\
# comment
a:   # comment
  # another

  b: 1
  c: [x,
      y, {d: 2,
          e: |
            text
      }]
  f:
    - 1
    -
      g: 3
h: {i:
      j, k: >-
        folded}
"""


def test_every_value_knows_its_line():
    document, _ = read(
        LINES.replace("\n  f:", "\n  f:", 1)
        .replace("e: |\n            text", 'e: "t"')
        .replace("k: >-\n        folded", "k: 1")
    )
    places = {
        ("a",): 2, ("a", "b"): 5, ("a", "c"): 6, ("a", "c", 0): 6, ("a", "c", 1): 7, ("a", "c", 2): 7,
        ("a", "c", 2, "d"): 7, ("a", "c", 2, "e"): 8, ("a", "f"): 10, ("a", "f", 0): 11, ("a", "f", 1, "g"): 13, ("h",): 14,
        ("h", "i"): 15, ("h", "k"): 15,
    }  # fmt: skip
    assert {path: document.place(path).line for path in places} == places
    assert document.key_place(("h", "i")).line == 14


def test_block_text_begins_at_its_mark():
    document, _ = read("a: |\n  one\n  two\nb:\n  # why\n  >-\n  three\n")
    assert document.data == {"a": "one\ntwo\n", "b": "three"}
    assert (document.place(("a",)).line, document.place(("b",)).line) == (1, 6)


def test_anchors_and_merges_point_to_what_is_written():
    document, _ = read(
        "x-base: &base\n  mode: append\n  key: id\na:\n  <<: *base\n  key: other\nb: *base\nc: {<<: [*base, {d: 1}]}\n"
    )
    assert document.data["a"] == {"mode": "append", "key": "other"}
    assert document.data["c"] == {"mode": "append", "key": "id", "d": 1}
    lines = {
        path: document.place(path).line for path in [("a", "mode"), ("a", "key"), ("b",), ("b", "key"), ("c", "d")]
    }
    assert lines == {("a", "mode"): 2, ("a", "key"): 6, ("b",): 7, ("b", "key"): 3, ("c", "d"): 8}


def test_windows_line_ends_and_a_byte_order_mark():
    document, _ = read(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    assert document.data == {"a": 1, "b": 2}
    assert document.place(("b",)).line == 2


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: [1, 2\nb: 3\n", "lakesmith.yml:2: column 2: not valid YAML: "),
        (
            "a: 'x\n",
            "lakesmith.yml:2: column 1: not valid YAML: found unexpected end of stream while scanning a quoted scalar",
        ),
        ("a: 1\n---\nb: 1\n", "lakesmith.yml:2: column 1: not valid YAML: but found another document"),
        ("a: !!int x\n", "lakesmith.yml:1: a: is not written as its tag says"),
        ("? [a]\n: 1\n", "lakesmith.yml:1: a key must be text"),
        ("<<: 1\n", "lakesmith.yml:1: `<<` takes a mapping, or a list of mappings"),
        ("a: &a [*a]\n", "lakesmith.yml:1: a[0][0]: too many or too deeply nested values"),
        ("a: &a {<<: *a}\n", "lakesmith.yml:1: a: `<<` merges a mapping into itself"),
        ("[" * 500 + "]" * 500, "lakesmith.yml:1: [0][0][0]: too many or too deeply nested values"),
    ],
)
def test_faults_have_a_place(text, fault):
    _, faults = read(text)
    assert faults[0].startswith(fault)


def test_many_small_aliases_do_not_become_a_mountain():
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    _, faults = read(bomb)
    assert "too many or too deeply nested values" in faults[0]
    assert len(faults) < 50


@settings(deadline=None)
@given(st.binary(max_size=60) | st.text(alphabet="ab:-[]{}&*!|>'\"#\n\t ,?<", max_size=40))
def test_no_content_is_a_crash(content):
    document, faults = read(content)
    assert document is not None or faults
