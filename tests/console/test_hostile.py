"""Names and texts that mean to break out: on every page, in every twin, they are text and nothing else. Secrets are on none of them."""

from __future__ import annotations

import base64
import json
import urllib.parse
from html.parser import HTMLParser

import pytest
from console_visitor import Visitor, links_of
from made_history import NOON, Company, fill, write_project
from sqlalchemy import insert, update

import lakesmith
from lakesmith.api.storing import open_store
from lakesmith.console import serving
from lakesmith.console.routes import PAGES
from lakesmith.host import Host
from lakesmith.monitor import tables
from lakesmith.monitor.writing import stamp
from lakesmith.pages.links import key_of

NASTY = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'; drop table run; --",
    "a\nb\r\nSet-Cookie: x=1",
    "\u202eexe.gpj\u202c",
    "javascript:alert(1)",
    "{{7*7}}${7*7}<%= 7*7 %>",
    "\u043erders-homoglyph",
    "]]><![CDATA[",
    "&lt;b&gt; &amp;",
    "x" * 10_000,
    "../../../etc/passwd",
)
SECRET = "pa55<w&rd\"of'billing"
VOID = {"meta", "input"}
KNOWN = {"a", "b", "body", "button", "caption", "circle", "code", "dd", "details", "div", "dl", "dt", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "head", "header", "html", "i", "input", "label", "li", "line", "main", "meta", "nav", "ol", "option", "p", "path", "polygon", "pre", "rect", "section", "select", "span", "strong", "style", "summary", "svg", "table", "tbody", "td", "text", "th", "thead", "time", "title", "tr", "ul"}  # fmt: skip


class Strict(HTMLParser):
    """Refuses elements and attributes that no page of ours has, and elements that are not closed in order."""

    def __init__(self):
        super().__init__()
        self.open, self.text = [], []

    def handle_starttag(self, name, attributes):
        assert name in KNOWN, name
        for key, value in attributes:
            assert not key.startswith("on"), key
            assert key not in ("style", "src", "srcdoc", "srcset", "formaction", "xlink:href"), key
            if key in ("href", "action"):
                assert value == "" or value[0] in "/#", value
                assert not value.startswith("//")
        if name not in VOID:
            self.open.append(name)

    def handle_endtag(self, name):
        assert self.open.pop() == name

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.text.append(data)


def poisoned(root, secret):
    """Write the record, then put nasty texts and a secret into every column of text that is free to hold them."""
    company = Company(days=9, runs_a_day=2)
    write_project(root, company)
    store = open_store(lakesmith.open(root)._shop)
    fill(store.engine, company)
    every = " ".join(NASTY[:10]) + f" {secret}"
    short = (NASTY[0] + NASTY[1] + NASTY[2])[:100]
    incident = ""
    with store.engine.begin() as connection:
        run = (
            connection.execute(tables.run.select().where(tables.run.c.state == "failed").limit(1))
            .mappings()
            .one()["run_id"]
        )
        incident = (
            connection.execute(tables.incident.select().where(tables.incident.c.first_run_id == run))
            .mappings()
            .one()["incident_id"]
        )
        connection.execute(
            update(tables.run).values(
                message=every,
                host=short,
                trigger_detail=every,
                requested_by=short,
                pipeline=short,
                selection=every,
                command=short,
            )
        )
        connection.execute(
            update(tables.incident).values(
                title=every,
                owner=short,
                note=every,
                facts=json.dumps(
                    {"what": every, "changes": [{"kind": short, "text": every, "before": every, "after": every}]}
                ),
            )
        )
        connection.execute(
            update(tables.error_event).values(
                what=every, at_place=every, fix=every, kind=short[:64], error_class="<b>", origin="<i>"
            )
        )
        connection.execute(update(tables.judgement).values(reason=every))
        connection.execute(update(tables.run_step).values(message=every))
        connection.execute(
            update(tables.table_load).values(
                reject_reasons=json.dumps({every: 3}),
                rows_quarantined=3,
                cursor_column=short,
                mode="<b>",
                filter_reasons=json.dumps({every: 1}),
                rows_filtered=1,
            )
        )
        connection.execute(update(tables.heartbeat).values(detail=every, version="<b>"))
        connection.execute(update(tables.delivery).values(fault=every, route=short, channel=short))
        connection.execute(update(tables.mute).values(reason=every, matches=json.dumps({"select": every}), actor=short))
        connection.execute(update(tables.tick).values(reason=every))
        connection.execute(update(tables.user_action).values(target=every, actor=short, verb=short[:64]))
        connection.execute(update(tables.incident_event).values(detail=every, actor=short))
        now = stamp(NOON)
        for index, name in enumerate(NASTY):
            stream = f"shop.{name}"[:250] + str(index)
            connection.execute(
                insert(tables.judgement).values(
                    run_id=run,
                    target="local",
                    subject=stream,
                    column_name=name[:200],
                    rule="volume",
                    bucket="b",
                    judged_at=now,
                    verdict="bad",
                    trained_on=0,
                    reason=name,
                )
            )
            connection.execute(
                insert(tables.drift).values(
                    run_id=run,
                    stream=stream,
                    seen_at=now,
                    kind="column_added",
                    column_name=name[:200],
                    before=name,
                    after=name,
                    policy="evolve",
                    outcome="added",
                )
            )
            connection.execute(
                insert(tables.run_step).values(
                    run_id=run,
                    step=f"load:{stream}"[:250],
                    kind="load",
                    started_at=now,
                    state="failed",
                    message=name,
                    facts="{}",
                )
            )
            connection.execute(
                insert(tables.incident_subject).values(
                    incident_id=incident, subject=stream, role="downstream", rule="x", since=now
                )
            )
            connection.execute(
                insert(tables.check_result).values(
                    run_id=run,
                    check_id=f"test.a.{name[:300]}.{index}",
                    finished_at=now,
                    relation=stream,
                    column_name="",
                    status="fail",
                    severity="error",
                    failures=1,
                    seconds=0,
                    message=name,
                )
            )
    store.close()
    logs = root / ".lakesmith" / "logs"
    logs.mkdir(exist_ok=True)
    lines = [
        json.dumps(
            {"event": "ErrorSeen", "at": "2026-11-20T08:00:00", "kind": "X", "what": every, "where": name, "fix": name}
        )
        for name in NASTY
    ]
    (logs / f"{run}.jsonl").write_text("\n".join([*lines, "not json {", "[1]", '"text"', "null"]))
    return run, incident


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """A served project that knows a secret, and its record full of nasty texts."""
    root = tmp_path_factory.mktemp("hostile") / "acme"
    run, incident = poisoned(root, SECRET)

    class Noon:
        def now(self):
            return NOON

        def steady_s(self):
            return NOON.timestamp()

    host = Host(clock=Noon())
    project = lakesmith.open(root, host=host)
    host.secrets.add(SECRET)
    streams = [key_of(f"shop.{name}"[:250] + str(index)) for index, name in enumerate(NASTY)]
    with serving(project, port=0) as link:
        visitor = Visitor(int(link.split(":")[2].partition("/")[0]))
        visitor.enter(link)
        keys = {
            "/runs/{key}": [run],
            "/sources/{key}": ["billing", "shop"],
            "/tables/{key}": ["billing.invoices", "shop.orders", *streams],
            "/incidents/{key}": [incident],
        }
        paths = [page.path.replace("{key}", key) for page in PAGES for key in keys.get(page.path, [""])]
        yield visitor, [*paths, "/incidents?state=all"], root, run


def test_hostile_texts_are_text_on_every_page(town):
    visitor, paths, _, _ = town
    seen = ""
    for path in paths:
        reply = visitor.ask(path)
        assert reply.status == 200, path
        parser = Strict()
        parser.feed(reply.body)
        assert parser.open == [], path
        assert reply.body.count("<style") == 1
        assert "set-cookie" not in reply.headers
        seen += "".join(parser.text)
    for text in (
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "{{7*7}}${7*7}<%= 7*7 %>",
        "&lt;b&gt; &amp;",
    ):
        assert text in seen
    assert "49" not in seen.split("{{7*7}}")[1][:30]


def test_pages_of_hostile_names_are_reached_by_their_links(town):
    visitor = town[0]
    links = {
        link
        for link in links_of(visitor.ask("/tables?sort=name").body) | links_of(visitor.ask("/quarantine").body)
        if link.startswith("/tables/~")
    }
    assert len(links) >= len(NASTY) - 2
    for link in links:
        assert visitor.ask(link).status == 200
        assert visitor.ask(f"{link}.json").status == 200


def test_twins_are_json_with_the_texts_as_they_are(town):
    visitor, paths, _, _ = town
    for path in paths:
        name, mark, query = path.partition("?")
        reply = visitor.ask(f"{'/today' if name == '/' else name}.json{mark}{query}")
        assert reply.headers["content-type"] == "application/json"
        assert isinstance(json.loads(reply.body), dict)


def test_no_page_holds_a_secret_raw_or_encoded(town):
    visitor, paths, _, run = town
    from html import escape

    forms = {
        SECRET,
        escape(SECRET),
        urllib.parse.quote(SECRET),
        urllib.parse.quote_plus(SECRET),
        json.dumps(SECRET)[1:-1],
        base64.b64encode(SECRET.encode()).decode(),
        SECRET[::-1],
        repr(SECRET)[1:-1],
        escape(json.dumps(SECRET)[1:-1]),
    }
    for path in [*paths, *(f"{'/today' if p == '/' else p}.json" for p in paths if "?" not in p)]:
        body = visitor.ask(path).body
        for form in forms:
            assert form not in body, path
        assert "pa55<w" not in body
    assert "••••" in visitor.ask(f"/runs/{run}").body


def test_a_long_text_is_masked_before_it_is_cut(town):
    """A secret at the place where a text is shortened leaves no beginning of itself."""
    visitor, _, root, run = town
    log = root / ".lakesmith" / "logs" / f"{run}.jsonl"
    kept = log.read_text()
    for length in range(560, 606, 3):
        log.write_text(
            json.dumps({"event": "ErrorSeen", "kind": "X", "what": "y" * length + SECRET, "where": "", "fix": ""})
        )
        assert "pa55" not in visitor.ask(f"/runs/{run}").body
    log.write_text(kept)


@pytest.mark.parametrize("kind", ["link", "folder", "pipe", "gone"])
def test_a_log_is_a_file_of_its_folder_or_nothing(town, tmp_path, kind):
    import os

    visitor, _, root, run = town
    log = root / ".lakesmith" / "logs" / f"{run}.jsonl"
    kept = log.read_text()
    log.unlink()
    outside = tmp_path / "outside.jsonl"
    outside.write_text(json.dumps({"event": "RunFinished", "state": "outside", "message": "outside"}))
    if kind == "link":
        log.symlink_to(outside)
    elif kind == "folder":
        log.mkdir()
    elif kind == "pipe":
        os.mkfifo(log)
    reply = visitor.ask(f"/runs/{run}")
    assert reply.status == 200
    assert "There is no log of this run here." in reply.body
    assert "outside" not in reply.body
    if kind == "folder":
        log.rmdir()
    elif kind != "gone":
        log.unlink()
    log.write_text(kept)
