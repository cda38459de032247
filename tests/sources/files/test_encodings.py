"""Text in any encoding: the same rows as in UTF-8, offsets of the file in the ledger, and only good evidence is believed."""

import codecs
import csv
import io
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from lakesmith.sources.files.formats.text.encodings import guess_encoding
from lakesmith.sources.files.formats.text.transcoding import Transcoded
from lakesmith.sources.files.reading.tape import Tape

ENCODINGS = {
    "utf-16": 'aé日😀,\n" ',
    "utf-16-le": 'aé日😀,\n" ',
    "utf-16-be": 'aé日😀,\n" ',
    "utf-32": 'aé日😀,\n" ',
    "shift_jis": 'a日本ｱソ表,\n" ',
    "euc_jp": 'a日本カ,\n" ',
    "gb18030": 'a中文é😀,\n" ',
    "big5": 'a中文,\n" ',
    "euc_kr": 'a한국,\n" ',
    "cp1252": 'aéÖ€,\n" ',
    "koi8-r": 'aжЯ,\n" ',
}
tables = st.sampled_from(list(ENCODINGS)).flatmap(
    lambda name: st.tuples(
        st.just(name),
        st.lists(st.tuples(*[st.text(alphabet=ENCODINGS[name], max_size=5)] * 2), min_size=1, max_size=6),
    )
)
WORDS = {
    "utf-8": "id,città\n1,è già così\n",
    "cp1252": "id,città\n1,è già così\n2,l\u2019été où ça °C\n",
    "cp932": "番号,名前\n1,日本語の名前です\n2,カタカナの会社\n",
    "euc_jp": "番号,名前\n1,日本語の名前です\n2,カタカナの会社\n",
    "gb18030": "编号,名字\n1,北京上海的天气很好\n2,我们的公司\n",
    "big5": "編號,名字\n1,臺北高雄的天氣很好\n2,我們的公司\n",
    "cp949": "번호,이름\n1,서울 날씨가 좋습니다\n2,우리 회사\n",
    "cp1251": "номер,имя\n1,Москва столица\n2,Санкт-Петербург\n",
    "koi8-r": "номер,имя\n1,Москва столица\n2,Санкт-Петербург\n",
    "cp866": "номер,имя\n1,Москва столица\n2,Санкт-Петербург\n",
    "cp1253": "αριθμός,όνομα\n1,Αθήνα πρωτεύουσα\n2,Θεσσαλονίκη\n",
    "utf-16-le": "id,name\n1,Zoë\n",
    "utf-16-be": "id,name\n1,日本\n",
    "utf-32-le": "id,name\n1,Zoë\n",
}


def written(rows: list[tuple[str, str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    return text.getvalue()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=120)
@given(tables)
def test_every_cell_is_what_was_written_in_any_encoding(delivery, table) -> None:
    encoding, rows = table
    delivery.put("t.csv", written([("a", "b"), *rows]).encode(encoding))
    loaded = delivery.load(delivery.stream(delimiter=",", encoding=encoding))
    assert (loaded.columns, loaded.rows, loaded.rejects) == (["a", "b"], rows, [])


@pytest.mark.parametrize("encoding", WORDS)
def test_finds_the_encoding_and_loads(delivery, encoding: str) -> None:
    delivery.put("t.csv", WORDS[encoding].encode(encoding))
    loaded = delivery.load()
    header, *rows = csv.reader(io.StringIO(WORDS[encoding]))
    assert (loaded.columns, [list(row) for row in loaded.rows]) == (header, rows)
    assert json.loads(loaded.position)["t.csv"]["n"].get("encoding") == encoding


@pytest.mark.parametrize(
    "content",
    [b"a,b\n1,2\n\xff,3\n", b"2,\xa9\n", b"a,caf\xc3\n", b"a\n" + "é".encode() * 5 + b"\xe9t\n", b"a\n\x81\x8d\x8f\n"],
)
def test_weak_evidence_leaves_utf_8(content: bytes) -> None:
    assert guess_encoding(content, is_whole=True) == "utf-8"


def test_signs_between_latin_letters_are_no_chinese_ones() -> None:
    for text in ("id,n\n" + "1,it\u2019s \u201cx\u201d and\u2014so\n" * 9, "id,n\n" + "1,don\u2019t\n" * 9):
        assert guess_encoding(text.encode("cp1252"), is_whole=True) == "cp1252"
    assert guess_encoding(("id,n\n" + "1,日本東京\n" * 3).encode("cp932"), is_whole=True) == "cp932"


def test_ascii_says_nothing() -> None:
    assert guess_encoding(b"a,b\n1,\0\n", is_whole=True) is None


def test_a_sample_may_end_inside_a_character() -> None:
    for encoding, text in WORDS.items():
        content = (text + "x,y\n").encode(encoding) + text.encode(encoding)
        sizes = range(len(content) - 6, len(content))
        found = {guess_encoding(content[:size], is_whole=False) for size in sizes}
        assert found == {encoding}, encoding


def test_a_file_that_grows_keeps_its_encoding(delivery) -> None:
    content = "id,nom\n1,été\n".encode("cp1252")
    delivery.put("t.csv", content)
    first = delivery.load()
    delivery.put("t.csv", content + "2,Ã©\n".encode("cp1252"))  # valid UTF-8, too
    second = delivery.load(since=first.position)
    assert (first.rows, second.rows) == ([("1", "été")], [("2", "Ã©")])


def test_a_setting_is_stronger_than_a_guess_and_a_mark_stronger_than_a_setting(delivery) -> None:
    delivery.put("t.csv", "id,nom\n1,été\n".encode("cp1252"))
    assert [told.reason for told in delivery.load(delivery.stream(encoding="utf-8")).rejects] == [
        "the record is not valid utf-8"
    ]
    delivery.put("t.csv", "id,nom\n1,été\n".encode("utf-16"))
    assert delivery.load(delivery.stream(encoding="cp1252")).rows == [("1", "été")]


@pytest.mark.parametrize(
    ("encoding", "bad"), [("shift_jis", b"\x81"), ("gb18030", b"\xff"), ("utf-16-le", b"\x00\xd8"), ("euc_kr", b"\xa1")]
)
def test_only_the_record_with_broken_bytes_waits(delivery, encoding: str, bad: bytes) -> None:
    before, after = "a,b\n1,2\n3,".encode(encoding), "\n5,6\n".encode(encoding)
    delivery.put("t.csv", before + bad + after)
    loaded = delivery.load(delivery.stream(delimiter=",", encoding=encoding))
    assert loaded.rows == [("1", "2"), ("5", "6")]
    ((reason, where),) = [(told.reason, told.where) for told in loaded.rejects]
    assert where == "t.csv:3"
    assert reason.startswith("the record is not valid ")
    assert loaded.rejects[0].raw == "3," + "".join(chr(0xDC00 + byte) for byte in bad)


@settings(deadline=None)
@given(st.binary(max_size=60), st.sampled_from(list(ENCODINGS)), st.integers(1, 9))
def test_offsets_are_those_of_the_file_whatever_its_bytes(content: bytes, encoding: str, size: int) -> None:
    encoding = {"utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(encoding, encoding)
    feed = Transcoded(Tape(io.BytesIO(content), len(content)), encoding)
    text, last = b"", 0
    while not feed.at_end:
        text += feed.read(size)
        behind = len(text) - (text.rfind(b"\n") + 1)
        offset, _ = feed.reached(behind)
        decoded = codecs.getincrementaldecoder(encoding)("lakesmith.keep").decode(content[:offset])
        assert decoded.encode("utf-8", "surrogatepass") == text[: len(text) - behind]
        assert offset >= last
        last = offset
    assert feed.reached(0)[0] == len(content)


def test_a_large_file_resumes_from_every_position(delivery) -> None:
    rows = [(str(number), "日本語" * 12) for number in range(60_000)]
    delivery.put("t.csv", ("k,v\n" + "".join(f"{key},{value}\n" for key, value in rows)).encode("shift_jis"))
    stream = delivery.stream(encoding="shift_jis")
    whole = delivery.load(stream)
    assert whole.rows == rows
    assert len(whole.positions) > 1
    done = 0
    for size, position in zip(whole.chunk_rows, whole.positions, strict=True):
        done += size
        assert delivery.load(stream, position).rows == rows[done:]


@pytest.mark.parametrize("name", ["utf-7", "iso2022_jp", "hex", "no-such", "cp037"])
def test_encodings_that_cannot_be_read_from_their_middle_are_refused(delivery, name: str) -> None:
    with pytest.raises(ValidationError, match="encoding"):
        delivery.stream(encoding=name)
