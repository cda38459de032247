"""Nobody is let in by accident: no link, no name, no origin, no method, no spelling of a path gets past the gate."""

import json
import socket
import stat
import urllib.parse
from pathlib import Path

import pytest
from console_visitor import Visitor, links_of
from sqlalchemy import text

import lakesmith
from lakesmith.api.storing import open_store
from lakesmith.console import serve, serving
from lakesmith.console.keys import Keys
from lakesmith.errors import StorageUnavailableError, UsageError

FORM = "application/x-www-form-urlencoded"


def test_every_route_answers_whoever_was_let_in_and_nobody_else(visitor, stranger, addresses):
    for path in [*addresses, "/logout", "/nothing", "/openapi.json", "/docs", "/static/x", "/favicon.ico", "/today"]:
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"):
            assert stranger.ask(path, method).status == 401, (method, path)
    assert len(addresses) == 22
    for path in addresses:
        assert visitor.ask(path).status == 200, path


@pytest.mark.parametrize(
    "cookie",
    [
        "x",
        "lakesmith_{p}=",
        "lakesmith_{p}=a",
        "lakesmith_{p}={v}x",
        "lakesmith_1={v}",
        "lakesmith_{p}={v}; lakesmith_{p}={v}",
        "LAKESMITH_{p}={v}",
    ],
)
def test_a_cookie_that_is_not_exactly_ours_is_none(visitor, cookie):
    name, value = visitor.cookie.split("=", 1)
    port = name.partition("_")[2]
    forged = Visitor(visitor.port, cookie.format(p=port, v=value))
    assert forged.ask("/").status == 401


def test_a_session_that_somebody_else_signed_is_none(visitor, tmp_path):
    other = Keys(tmp_path, lambda: 1_795_163_000.0)
    name = visitor.cookie.partition("=")[0]
    assert Visitor(visitor.port, f"{name}={other.session()}").ask("/").status == 401


def test_a_link_works_once(served, stranger):
    assert Visitor(stranger.port).enter(served[1]).status == 401
    assert "set-cookie" not in stranger.ask(served[1][served[1].index("/?") :]).headers


def test_the_cookie_is_for_this_browser_alone_and_the_address_is_clean_afterwards(project):
    with serving(project, port=0) as link:
        fresh = Visitor(int(link.split(":")[2].partition("/")[0]))
        reply = fresh.enter(link)
        assert (reply.status, reply.headers["location"]) == (303, "/")
        parts = {part.strip() for part in reply.headers["set-cookie"].split(";")[1:]}
        assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= parts
        assert fresh.ask("/").status == 200


@pytest.mark.parametrize(
    "query", ["token=", "token=a", "token=a&token=b", "token=%00", "token=" + "a" * 900, "TOKEN=x", "x=1&token=y"]
)
def test_a_link_that_is_not_ours_lets_nobody_in(stranger, query):
    assert stranger.ask(f"/?{query}").status == 401


class TestKeys:
    @pytest.fixture
    def now(self):
        return [1_795_163_000.0]

    @pytest.fixture
    def keys(self, tmp_path, now):
        return Keys(tmp_path, lambda: now[0])

    def test_links_and_sessions_end(self, keys, now):
        link, session = keys.link(), keys.session()
        now[0] += 601
        assert not keys.takes_link(link)
        assert keys.knows_session(session)
        now[0] += 7 * 86_400
        assert not keys.knows_session(session)

    def test_what_is_signed_for_one_thing_is_nothing_else(self, keys):
        assert not keys.takes_link(keys.session())
        assert not keys.knows_session(keys.link())
        assert not keys.knows_proof(keys.session(), keys.proof(keys.session()))

    def test_a_link_from_before_a_restart_is_void_and_another_process_can_make_a_new_one(self, keys, now, tmp_path):
        old = keys.link()
        now[0] += 60
        again = Keys(tmp_path, lambda: now[0])
        assert not again.takes_link(old)
        assert again.takes_link(keys.link())

    def test_the_key_is_its_owners_alone_from_the_first_moment(self, keys, tmp_path):
        assert keys.link()
        file = tmp_path / "console.token"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert len(file.read_text().strip()) == 64

    @pytest.mark.parametrize("spoil", ["mode", "link", "text", "empty"])
    def test_a_key_that_others_could_have_read_or_made_is_replaced(self, tmp_path, now, spoil):
        file = tmp_path / "console.token"
        foreign = tmp_path / "foreign"
        foreign.write_text("ab" * 32)
        if spoil == "link":
            file.symlink_to(foreign)
        else:
            file.write_text({"mode": "ab" * 32, "text": "<script>", "empty": ""}[spoil])
            file.chmod(0o644 if spoil == "mode" else 0o600)
        Keys(tmp_path, lambda: now[0])
        assert not file.is_symlink()
        assert file.read_text().strip() != "ab" * 32
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert foreign.read_text() == "ab" * 32

    def test_logging_out_ends_all(self, keys):
        session, link = keys.session(), keys.link()
        keys.void()
        assert not keys.knows_session(session)
        assert not keys.takes_link(link)
        assert keys.knows_session(keys.session())


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{p}",
        "localhost",
        "localhost:1",
        "127.0.0.1.evil.example:{p}",
        "localhost:{p}.evil.example",
        "0.0.0.0:{p}",
        "[::]:{p}",
        "",
        "localhost:{p}, evil.example",
    ],
)
def test_whoever_calls_it_by_another_name_is_refused(served, host):
    forged = Visitor(served[0].port, served[0].cookie)
    assert forged.ask("/", Host=host.format(p=forged.port)).status == 421


@pytest.mark.parametrize("host", ["localhost:{p}", "127.0.0.1:{p}", "[::1]:{p}", "LOCALHOST:{p}"])
def test_its_own_names_are_known(visitor, host):
    assert visitor.ask("/", Host=host.format(p=visitor.port)).status == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost", "http://localhost:1", "https://localhost:{p}", ""]
)
def test_a_page_of_somebody_else_gets_nothing(visitor, method, origin):
    reply = visitor.ask("/", method, Origin=origin.format(p=visitor.port))
    assert reply.status == 403
    assert not any(name.startswith("access-control") for name in reply.headers)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "other"])
def test_a_request_that_a_browser_calls_foreign_is_refused_but_a_visit_by_a_link_is_not(visitor, site):
    fetched = {"Sec_Fetch_Site": site, "Sec_Fetch_Mode": "no-cors", "Sec_Fetch_Dest": "image"}
    assert visitor.ask("/", **fetched).status == 403
    visit = {"Sec_Fetch_Site": site, "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"}
    assert visitor.ask("/", **visit).status == 200
    assert visitor.ask("/", **(visit | {"Sec_Fetch_Dest": "iframe"})).status == 403
    assert visitor.ask("/logout", "POST", b"", **visit).status == 403


def test_every_answer_bears_the_headers(visitor, stranger, addresses):
    replies = [visitor.ask(path) for path in (*addresses, "/nothing", "/runs?x=1")]
    for reply in (*replies, stranger.ask("/"), visitor.ask("/", "DELETE"), visitor.ask("/", Host="x")):
        policy = reply.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["referrer-policy"] == "no-referrer"
        assert reply.headers["cross-origin-opener-policy"] == "same-origin"
        assert reply.headers["cross-origin-resource-policy"] == "same-origin"
        assert reply.headers["cache-control"] == "no-store"
        assert "server" not in reply.headers


def test_head_is_get_without_a_body_and_other_methods_are_none(visitor, addresses):
    for path in addresses:
        reply = visitor.ask(path, "HEAD")
        assert (reply.status, reply.body) == (200, "")
        assert int(reply.headers["content-length"]) > 100
        for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "get", "POST"):
            assert visitor.ask(path, method, Origin=f"http://localhost:{visitor.port}").status in (400, 405), method
    assert visitor.ask("/logout").status == 405


class TestForms:
    def send(self, visitor, body, **headers):
        usual = {"Content_Type": FORM, "Origin": f"http://localhost:{visitor.port}"}
        return visitor.ask(
            "/logout", "POST", body, **{name: value for name, value in (usual | headers).items() if value}
        )

    @pytest.mark.parametrize(
        "change",
        [
            {"Origin": None},
            {"Origin": "https://evil.example"},
            {"Content_Type": "text/plain"},
            {"Content_Type": "application/json"},
            {"Content_Type": None},
            {"Sec_Fetch_Site": "cross-site"},
        ],
    )
    def test_a_form_that_does_not_come_from_a_page_of_ours_does_nothing(self, visitor, change):
        body = f"proof={visitor.proof()}".encode()
        assert self.send(visitor, body, **change).status == 403
        assert visitor.ask("/").status == 200

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"proof=",
            b"proof=a",
            b"proof=" + b"a" * 64,
            b"proof={p}&proof={p}",
            b"other={p}",
            b"\xff=1",
            b"a=1&" * 4000 + b"proof={p}",
        ],
    )
    def test_a_form_without_the_proof_does_nothing(self, visitor, body):
        assert self.send(visitor, body.replace(b"{p}", visitor.proof().encode())).status == 403
        assert visitor.ask("/").status == 200

    def test_leaving_ends_every_session(self, own_project):
        key = own_project.root / ".lakesmith" / "console.token"
        with serving(own_project, port=0) as link:
            first = Visitor(int(link.split(":")[2].partition("/")[0]))
            first.enter(link)
            before = key.read_text()
            reply = self.send(first, f"proof={first.proof()}".encode())
            assert (reply.status, reply.headers["location"]) == (303, "/")
            assert first.ask("/").status == 401
            assert key.read_text() != before


def state_of(home):
    """Return every row of the record, and every file beside it."""
    store = open_store(lakesmith.open(home)._shop)
    from lakesmith.monitor import tables

    with store.engine.connect() as connection:
        rows = {
            table.name: connection.execute(text(f'select * from "{table.name}"')).all()
            for table in tables.metadata.sorted_tables
        }
    store.close()
    files = {
        path.relative_to(home): path.read_bytes()
        for path in home.rglob("*")
        if path.is_file() and "runs.db" not in path.name
    }
    return rows, files


def test_reading_changes_nothing(home, project):
    with serving(project, port=0) as link:
        visitor = Visitor(int(link.split(":")[2].partition("/")[0]))
        visitor.enter(link)
        before = state_of(home)
        seen, todo = set(), ["/"]
        while todo and len(seen) < 60:
            path = todo.pop()
            seen.add(path)
            reply = visitor.ask(path)
            assert reply.status == 200, path
            for found in links_of(reply.body):
                assert found.startswith(("/", "#")), found
                clean = found.partition("#")[0]
                if clean and clean not in seen and clean not in todo:
                    todo.insert(len(seen) * 7 % (len(todo) + 1), clean)
        assert len(seen) == 60
        assert state_of(home) == before


SPELLINGS = (
    "/{0}/",
    "//{0}",
    "/{0};",
    "/{0};.json",
    "/{0}%2f",
    "/%2e%2e/{0}",
    "/../{0}",
    "/./{0}",
    "/{0}/..",
    "/{0}%00",
    "/{0}%0a",
    "/{0}\\",
    "/{0}.json.json",
    "/{0}.JSON",
    "/{0}/json",
    "/{0}.html",
    "/{1}",
    "/{0}%20",
    "/{0}/.",
    "/{0}//",
    "/x/../{0}",
    "/{0}?token=x&x=",
    "/{0}%3b",
    "/public/{0}",
    "/{0}/public",
    "/{0}/login",
    "/{0}..",
    "/~/{0}",
    "/{0}%c0%af",
    "/{0}/static/app.js",
)


def test_no_spelling_of_a_path_gets_past_the_gate_or_finds_another_page(visitor, stranger, addresses):
    for address in addresses:
        name = address.strip("/") or "runs"
        for spelling in SPELLINGS:
            path = spelling.format(name, name.swapcase())
            assert stranger.ask(path).status == 401, path
            assert visitor.ask(path).status in (400, 404), path


RUN_IDS = (
    "..",
    "%2e%2e",
    "../../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "....//x",
    "/etc/passwd",
    "C:\\x",
    "a/b",
    "a%00",
    "x" * 500,
    "~" + "a" * 24,
    "%",
    "*",
    "01a1%",
    "'",
    '"',
    "-",
    "$(id)",
    "a'or'1'='1",
    "\uff0e\uff0e\uff0f",
)


def test_what_stands_in_an_address_opens_nothing_else(visitor):
    for kind in ("runs", "tables", "sources", "incidents"):
        for name in RUN_IDS:
            for path in (f"/{kind}/{name}", f"/{kind}/{urllib.parse.quote(name, safe='')}"):
                try:
                    path.encode("ascii")
                except UnicodeEncodeError:
                    continue
                reply = visitor.ask(path.replace(" ", "%20"))
                assert reply.status in (400, 404), path
                assert "root:" not in reply.body


@pytest.mark.parametrize(
    "query",
    [
        "x=1",
        "state=no",
        "state=failed&state=lost",
        "before='",
        "before=a%20b",
        "start=-1",
        "start=99999999",
        "sort=name;drop",
        "verdict=*",
        "find=" + "a" * 300,
        "state=%00",
        "a=" * 400,
    ],
)
def test_what_cannot_be_asked_is_refused(visitor, query):
    for path in ("/runs", "/tables", "/incidents", "/system"):
        assert visitor.ask(f"{path}?{query}").status in (400, 404)


def test_what_is_asked_is_never_part_of_a_statement(visitor):
    for find in ("' or 1=1 --", "%", "_", "'; drop table run; --"):
        found = json.loads(visitor.ask(f"/tables.json?find={urllib.parse.quote(find)}").body)
        assert all(find in one["name"] for one in found["tables"])
        runs = json.loads(visitor.ask(f"/runs.json?pipeline={urllib.parse.quote(find)}").body)
        assert runs["runs"] == []
    assert json.loads(visitor.ask("/runs.json").body)["runs"]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.7", "example.com", ""])
def test_other_machines_are_never_served(project, host):
    with pytest.raises(UsageError, match="to this machine only"):
        serve(project, host=host, port=0)


def test_it_listens_on_this_machine_alone(served):
    port = served[0].port
    mine = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    listening = {line[1] for line in mine if line[3] == "0A" and int(line[1].partition(":")[2], 16) == port}
    assert listening == {f"0100007F:{port:04X}"}


def test_a_port_that_is_taken_is_said(project):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(StorageUnavailableError, match="cannot be used"):
            serve(project, port=other.getsockname()[1])


def test_an_error_says_nothing_of_the_inside(home, monkeypatch):
    """A page that cannot be made is a page, and the terminal is told in a sentence."""
    from lakesmith.api.viewing import viewing as module

    def broken(_desk):
        raise RuntimeError("secret inside /etc/passwd")

    said = []
    with serving(lakesmith.open(home), port=0, complain=said.append) as link:
        visitor = Visitor(int(link.split(":")[2].partition("/")[0]))
        visitor.enter(link)
        monkeypatch.setattr(module.system, "system_view", broken)
        reply = visitor.ask("/system")
    assert reply.status == 500
    assert "Something went wrong" in reply.body
    assert not any(word in reply.body for word in ("secret", "passwd", "Traceback", "RuntimeError", "lakesmith/"))
    assert said == ["A page could not be made: RuntimeError."]
