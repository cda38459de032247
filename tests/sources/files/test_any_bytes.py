"""Whatever bytes a file holds: no crash, and what was counted is what came out."""

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

pieces = [
    b"a",
    b"b",
    b",",
    b'"',
    b'""',
    b"\n",
    b"\r",
    b"\r\n",
    b"\0",
    b"\xff",
    b"\xc3\xa4",
    b"\xc3",
    b"\xef\xbb\xbf",
    b" ",
    b"[",
    b"-",
]
contents = st.lists(st.sampled_from(pieces), max_size=40).map(b"".join)
options = st.sampled_from(
    [
        {"delimiter": ","},
        {"delimiter": ",", "header": False},
        {"delimiter": ",", "quote": ""},
        {"delimiter": ",", "encoding": "latin-1"},
        {"delimiter": ",", "encoding": "cp1252", "header": False},
        {},
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=250)
@given(contents, options)
@example(b'"\n"\0', {"delimiter": ","})  # the last record has a line end in quotes, and none behind it
def test_any_bytes_as_csv(delivery, content: bytes, options: dict) -> None:
    delivery.put("t.csv", b"a,b\n" + content)
    stream = delivery.stream(**options)
    loaded = delivery.load(stream)
    assert loaded.counted == len(loaded.rows) + len(loaded.rejects)
    if loaded.position is not None:
        assert delivery.load(stream, loaded.position).counted == 0


@pytest.mark.long
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(contents)
def test_any_bytes_as_a_log(delivery, content: bytes) -> None:
    delivery.put("t.log", content)
    loaded = delivery.load(delivery.stream("t.log"))
    lines = [line.removesuffix(b"\r") for line in content.split(b"\n")]
    expected = sum(1 for line in lines[:-1] if line) + bool(lines[-1].strip(b"\r"))
    assert (len(loaded.rows), len(loaded.rejects), loaded.counted) == (0, expected, expected)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", b"\r\n"])
def test_a_file_without_records_yields_nothing(delivery, content: bytes) -> None:
    delivery.put("t.csv", content)
    delivery.put("t.log", content.replace(b"\xef\xbb\xbf", b""))
    assert delivery.load().counted == 0
    assert delivery.load(delivery.stream("t.log")).counted == 0
