"""Files on a web server: with and without ranges, ETags and HEAD, and when a transfer breaks off."""

import pytest

from lakesmith.errors import ConnectorOptionsError, SourceDataError, SourceMissingError
from lakesmith.model.streams import Ask

BIG = [(str(number), "x" * 90) for number in range(40_000)]
BIG_TEXT = "k,v\n" + "".join(f"{key},{value}\n" for key, value in BIG)


@pytest.mark.few(2)
@pytest.mark.parametrize("lacks", ["", "ranges", "etags", "heads"])
def test_named_files_load_whatever_the_server_lacks(web, lacks):
    if lacks:
        setattr(web.server, lacks, False)
    web.server.put("ä b/a.csv", BIG_TEXT)
    stream = web.stream("ä b/a.csv")
    first = web.load(stream)
    assert first.rows == BIG
    assert web.load(stream, first.position).rows == []
    web.server.put("ä b/a.csv", BIG_TEXT + "3,4\n")
    assert web.load(stream, first.position).rows == [("3", "4")]


def test_a_file_is_read_in_few_requests(web):
    web.server.put("a.csv", BIG_TEXT)
    web.load(web.stream("a.csv"))
    gets = [span for method, _, span in web.server.asked if method == "GET"]
    assert gets == ["bytes=0-1048575", f"bytes=1048576-{len(BIG_TEXT) - 1}"]


def test_a_transfer_that_breaks_off_goes_on_where_it_was(web):
    web.server.put("a.csv", BIG_TEXT)
    web.server.break_after = 300_000
    assert web.load(web.stream("a.csv")).rows == BIG


def test_a_server_that_is_busy_is_asked_again(web):
    web.server.put("a.csv", "k\n1\n")
    web.server.fail_next = 2
    assert web.load(web.stream("a.csv")).rows == [("1",)]


def test_an_index_names_what_wildcards_look_through(web):
    for day in (1, 2):
        web.server.put(f"raw/2026-10-0{day}.csv", f"k\n{day}\n")
    web.server.put("index.txt", "raw/2026-10-02.csv\n./raw/2026-10-01.csv\n\nraw/gone.csv\nother/2026-10-03.csv\n")
    web.options["index"] = "index.txt"
    assert web.load(web.stream("raw/{date}.csv")).rows == [("1",), ("2",)]
    web.options.clear()
    with pytest.raises(ConnectorOptionsError, match="does not list its files"):
        web.load(web.stream("raw/{date}.csv"))


def test_a_file_that_changes_while_it_is_read_is_refused(web):
    text = "k,v\n" + "1,2\n" * 1_500_000
    web.server.put("a.csv", text)
    stream = web.stream("a.csv")
    source = web.source(stream)
    (split,) = source.splits(stream, Ask())
    chunks = source.read(stream, split, Ask())
    next(chunks)
    web.server.put("a.csv", text.replace("1,2", "3,4"))
    with pytest.raises(SourceDataError, match="changed while it was being read"):
        list(chunks)


def test_a_password_is_sent_and_never_shown(web):
    web.server.password = "s3cr3t"
    web.server.put("a.csv", "k\n1\n")
    stream = web.stream("a.csv")
    web.root = web.root.replace("http://", "http://me:wr0ng@") + "?token=t0p"
    with pytest.raises(ConnectorOptionsError, match=r"Access was denied \(HTTP 401\)") as caught:
        web.source(stream).splits(stream, Ask())
    assert "wr0ng" not in str(caught.value)
    assert "t0p" not in str(caught.value)
    web.options["storage"] = {"user": "me", "password": "s3cr3t"}
    assert web.load(stream).rows == [("1",)]


def test_what_cannot_be_told_is_said(web):
    stream = web.stream("a.csv")
    with pytest.raises(SourceMissingError, match=r"`a\.csv` is not there"):
        web.source(stream).splits(stream, Ask())
    web.server.put("a.csv", "k\n1\n")
    web.server.sizes = False
    with pytest.raises(ConnectorOptionsError, match="does not say how large"):
        web.source(stream).splits(stream, Ask())
