"""What sources count and say of themselves, in the record of real loads: requests, bytes, retries, and where a cursor stands."""

from __future__ import annotations

import json
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from sqlalchemy import select

sys.path.insert(0, str(Path(__file__).parent))

import lakesmith
from lakesmith.api.storing import open_store
from lakesmith.monitor import tables


def loads(project):
    with closing(open_store(project._shop)) as store, store.engine.connect() as connection:
        return [dict(row) for row in connection.execute(select(tables.table_load)).mappings()]


class Api(BaseHTTPRequestHandler):
    """Three pages of two records; the second request is refused once for there being too many, the fourth fails once."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        told = self.server.told
        told["requests"] += 1
        page = int(self.path.partition("page=")[2] or 1)
        if told["requests"] in (2, 4):
            self._answer(429 if told["requests"] == 2 else 503, b"{}", {"Retry-After": "2"})
            return
        rows = [{"id": page * 10 + n, "at": f"2026-01-0{page}T00:00:0{n}Z"} for n in range(2)] if page <= 3 else []
        self._answer(200, json.dumps({"data": rows, "pages": 3}).encode(), {})

    def _answer(self, status, body, headers):
        self.server.told["bytes"] += len(body)
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_rest):
        return


@pytest.fixture
def api():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    server.told = {"requests": 0, "bytes": 0}
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


REST = """
version: 1
name: told
sources:
  shop:
    type: rest
    base_url: http://127.0.0.1:{port}
    allow_hosts: [127.0.0.1]
    rate: {{requests: 1000}}
    retries: {{first_s: 0.01}}
    streams:
      things: {{path: things, records: data, key: id, paging: {{type: page, param: page}}}}
"""


@pytest.mark.long
def test_an_api_tells_what_passed(tmp_path, api):
    (tmp_path / "lakesmith.yml").write_text(REST.format(port=api.server_address[1]))
    assert lakesmith.open(tmp_path).run().state == "succeeded"
    [load] = loads(lakesmith.open(tmp_path))
    assert (load["rows_written"], load["mode"], load["reason"]) == (6, "replace", "first")
    assert (load["requests"], load["bytes_read"]) == (api.told["requests"], api.told["bytes"])
    assert load["retries"] == 2
    assert load["throttled_s"] >= 2.0
    assert load["rows_after"] == 6


POSTGRES = """
version: 1
name: told
sources:
  app:
    type: postgres
    url: ${SOURCE}
    schema: public
    streams:
      events: {table: events, mode: append, cursor: at}
      numbers: {table: numbers, mode: append, cursor: id}
      words: {table: words, mode: append, cursor: word}
"""


def test_a_cursor_tells_where_it_stood_and_stands_unless_it_is_a_word(tmp_path, shared_postgres, monkeypatch):
    import psycopg

    url = shared_postgres.database()
    monkeypatch.setenv("SOURCE", url)
    (tmp_path / "lakesmith.yml").write_text(POSTGRES.replace("${SOURCE}", "${env:SOURCE}"))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create table events (id int primary key, at timestamptz not null)")
        connection.execute("create table numbers (id bigint primary key)")
        connection.execute("create table words (word text primary key)")
        for first, last, day in ((1, 3, "2026-01-01"), (4, 6, "2026-02-01")):
            for number in range(first, last + 1):
                connection.execute("insert into events values (%s, %s)", (number, f"{day} 00:00:0{number}+00"))
                connection.execute("insert into numbers values (%s)", (number,))
                connection.execute("insert into words values (%s)", (f"secret {number}",))
            assert lakesmith.open(tmp_path).run().state == "succeeded"
    found = {}
    for load in loads(lakesmith.open(tmp_path)):
        found.setdefault(load["stream"], []).append((load["cursor_column"], load["cursor_from"], load["cursor_to"]))
    assert found["app.numbers"] == [("id", None, "3"), ("id", "3", "6")]
    assert found["app.words"] == [("word", None, None), ("word", None, None)]
    [(_, none, first), (_, since, upto)] = found["app.events"]
    told = [datetime.fromisoformat(text) for text in (first, since, upto)]
    assert (none, told) == (
        None,
        [
            datetime(2026, 1, 1, 0, 0, 3, tzinfo=UTC),
            datetime(2026, 1, 1, 0, 0, 3, tzinfo=UTC),
            datetime(2026, 2, 1, 0, 0, 6, tzinfo=UTC),
        ],
    )
    assert b"secret" not in b"".join(path.read_bytes() for path in (tmp_path / ".lakesmith").glob("runs.db*"))
    assert "secret" not in "".join(path.read_text() for path in (tmp_path / ".lakesmith" / "logs").iterdir())


def test_a_cursor_of_documents_says_numbers_and_dates_alone():
    pytest.importorskip("bson")
    from lakesmith.sources.mongodb.elements import Element, told

    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert told(Element.of(at).text) == at.isoformat()
    assert told(Element.of(7).text) == "7"
    assert told(Element.of(2.5).text) == "2.5"
    assert told(Element.of("a name").text) == told("") == ""
