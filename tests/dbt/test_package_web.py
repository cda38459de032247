"""The macros for web requests: agents, campaigns, referrers, robots, and sessions against a loop over the requests."""

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, quote_plus

import duckdb
import pytest
import standin

pytestmark = [pytest.mark.slow, pytest.mark.long]

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"
)
APPLE = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
AGENTS = [
    (CHROME, "Chrome", 120, "Windows", "desktop", False),
    (CHROME + " Edg/120.0.2210.91", "Edge", 120, "Windows", "desktop", False),
    (CHROME + " OPR/106.0.0.0", "Opera", 106, "Windows", "desktop", False),
    ("Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/121.0", "Firefox", 121, "Linux", "desktop", False),
    (f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {APPLE} Version/17.2 Safari/605.1.15", "Safari", 17, "macOS", "desktop", False),
    (f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) {APPLE} Version/17.2 Mobile/15E148 Safari/604.1",
        "Safari", 17, "iOS", "phone", False),
    (f"Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) {APPLE} CriOS/120.0.6099.50 Mobile/15E148 Safari/604.1",
        "Chrome", 120, "iOS", "tablet", False),
    ("Mozilla/5.0 (Linux; Android 13; SM-S911B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/23.0 Chrome/115.0 Mobile Safari/537.36",
        "Samsung Internet", 23, "Android", "phone", False),
    ("Mozilla/5.0 (Linux; Android 13; SM-X200) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0.0.0 Safari/537.36",
        "Chrome", 119, "Android", "tablet", False),
    ("Mozilla/5.0 (Linux; Android 12; CUBOT NOTE 20) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/96.0 Mobile Safari/537.36",
        "Chrome", 96, "Android", "phone", False),
    ("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/118.0 Safari/537.36",
        "Chrome", 118, "Chrome OS", "desktop", False),
    ("Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko", "Internet Explorer", 11, "Windows", "desktop", False),
    ("Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)", "Internet Explorer", 6, "Windows", "desktop", False),
    ("Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/4.0 Chrome/76.0 TV Safari/537.36",
        "Samsung Internet", 4, "Tizen", "tv", False),
    ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Googlebot", 2, "unknown", "bot", True),
    (f"Mozilla/5.0 {APPLE}; compatible; GPTBot/1.2; +https://openai.com/gptbot", "GPTBot", 1, "unknown", "bot", True),
    ("facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", "Facebook crawler", 1, "unknown", "bot", True),
    ("curl/8.5.0", "curl", 8, "unknown", "bot", True),
    ("python-requests/2.31.0", "Python", 2, "unknown", "bot", True),
    ("SomethingBot", "Other robot", None, "unknown", "bot", True),
    ("Tool (+https://tool.example)", "Other robot", None, "unknown", "bot", True),
    ("Acme Reader 3", "unknown", None, "unknown", "unknown", False),
    ("-", None, None, None, None, False),
    (None, None, None, None, None, False),
]  # fmt: skip
OWN = "['www.Example.com']"
REFERRERS = [
    (None, None, "direct"), ("-", None, "direct"), ("", "x=1", "direct"), ("https://www.example.com/a", None, "internal"),
    ("https://shop.example.com:8443/", None, "internal"), ("https://notexample.com/", None, "referral"),
    ("https://example.com.evil.net/", None, "referral"), ("https://www.google.com/", None, "search"),
    ("https://www.google.co.uk/url?q=x", None, "search"), ("http://user@www.google.de/", None, "search"),
    ("https://mail.google.com/mail", None, "referral"), ("https://google.evil.com/", None, "referral"),
    ("https://de.search.yahoo.com/", None, "search"), ("https://duckduckgo.com/", None, "search"),
    ("https://l.facebook.com/l.php", None, "social"), ("https://t.co/abc", None, "social"), ("https://cart.co/abc", None, "referral"),
    ("https://www.linkedin.com/feed", None, "social"), ("https://partner.example.org", "a=1", "referral"),
    ("https://www.google.com/", "gclid=Cj0", "campaign"), (None, "a=1&utm_source=news", "campaign"), (None, "utm_source=", "direct"),
    (None, "not_utm_source=x", "direct"), ("not a url", None, "unknown"), ("/relative", None, "unknown"),
]  # fmt: skip
QUERIES = [
    ("utm_source=a&utm_medium=cpc&utm_campaign=" + quote("früh & spät%"), ("a", "cpc", "früh & spät%", None, None)),
    ("?utm_term=" + quote_plus("a b+c") + "#utm_source=x", (None, None, None, None, None)),
    ("utm_campaign=%FF%zz&fbclid=Iw1", (None, None, "%FF%zz", "Iw1", "facebook")),
    ("msclkid=2&gclid=1", (None, None, None, "1", "google")),
    ("utm_campaign=%2520", (None, None, "%20", None, None)),
    ("utm_campaign=%E4", (None, None, "%E4", None, None)),
    (None, (None, None, None, None, None)),
]
LINES = [
    ("GET /a?b=c HTTP/1.1", ("GET", "/a?b=c", "/a", "b=c", "HTTP/1.1")),
    ("POST /a b HTTP/2", ("POST", "/a b", "/a b", None, "HTTP/2")),
    ("GET / HTTP/3.0", ("GET", "/", "/", None, "HTTP/3.0")),
    ("\\x16\\x03", (None,) * 5), ("-", (None,) * 5), (None, (None,) * 5),
]  # fmt: skip
START = datetime(2026, 3, 1, tzinfo=UTC)
SESSIONS = (
    "{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='_ls_seq') }}\n"
    "select * from {{ lakesmith.sessions('requests', since=this if is_incremental() else none) }} as s"
)
MODELS = {
    "agents": "select place, {{ lakesmith.agent_columns('value') }} from texts_agents",
    "referrers": f"select place, {{{{ lakesmith.referrer_class('value', {OWN}, 'other') }}}} as got from texts_referrers",
    "queries": "select place, {{ lakesmith.campaign_columns('value') }} from texts_queries",
    "lines": "select place, "
    + ", ".join(f"{{{{ lakesmith.request_part('value', '{part}') }}}} as {part}" for part in ("method", "target", "path", "query", "protocol"))
    + " from texts_lines",
    "bots": "select * from {{ lakesmith.bots('visits', per_minute=5) }} as b",
    "sessions": SESSIONS,
    "sessions_whole": "select * from {{ lakesmith.sessions('requests') }} as s",
}  # fmt: skip
VISITS = [
    *(("1.1.1.1", CHROME, "/", minute) for minute in range(8)),
    *(("2.2.2.2", CHROME, "/", 0) for _ in range(6)),
    ("3.3.3.3", CHROME, "/robots.txt?x", 0), ("4.4.4.4", "curl/8", "/", 0), ("5.5.5.5", None, "/", None), (None, CHROME, "/robots.txt.bak", 0),
]  # fmt: skip


def requests(chance: random.Random, first: int, count: int, spread: int) -> list[tuple]:
    """Requests of a few visitors, some without an agent or a time, out of order."""
    return [
        (
            f"10.0.0.{chance.randrange(4)}",
            chance.choice(["a", "b", None]),
            START + timedelta(minutes=chance.randrange(spread)) if chance.random() > 0.03 else None,
            number,
        )
        for number in range(first, first + count)
    ]


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A project far from UTC whose models are built."""
    folder = tmp_path_factory.mktemp("web")
    (folder / "models").mkdir()
    (folder / "dbt_project.yml").write_text(
        "{name: web, profile: lakesmith, models: {+materialized: table}, flags: {send_anonymous_usage_stats: false}}"
    )
    profile = (standin.TEMPLATE / "profiles.yml").read_text().rstrip()
    (folder / "profiles.yml").write_text(f"{profile}\n      settings: {{TimeZone: America/St_Johns}}\n")
    standin.add_package(folder)
    for name, sql in MODELS.items():
        (folder / f"models/{name}.sql").write_text(sql)
    texts = {"agents": AGENTS, "referrers": REFERRERS, "queries": QUERIES, "lines": LINES}
    with duckdb.connect(folder / standin.BUILD) as build:
        for table, cases in texts.items():
            build.execute(f"create table texts_{table} (place integer, value varchar, other varchar)")
            other = [case[1] if table == "referrers" else None for case in cases]
            build.executemany(
                f"insert into texts_{table} values (?, ?, ?)", [(i, case[0], other[i]) for i, case in enumerate(cases)]
            )
        build.execute(
            "create table visits (client_ip varchar, user_agent varchar, path varchar, requested_at timestamptz)"
        )
        build.executemany(
            "insert into visits values (?, ?, ?, ?)",
            [(*visit, None if at is None else START + timedelta(minutes=at)) for *visit, at in VISITS],
        )
        build.execute(
            "create table requests (client_ip varchar, user_agent varchar, requested_at timestamptz, _ls_seq bigint)"
        )
    add(folder, requests(random.Random(3), 0, 120, 6000))
    run(folder)
    return folder


def add(folder: Path, rows: list[tuple]) -> None:
    with duckdb.connect(folder / standin.BUILD) as build:
        build.executemany("insert into requests values (?, ?, ?, ?)", rows)


def run(folder: Path, *arguments: str) -> None:
    built = standin.dbt(folder, "run", "--quiet", *arguments)
    assert built.code == 0, built.output


def test_agents(project) -> None:
    got = standin.query(
        project, "select agent_family, agent_version, agent_os, agent_device, is_bot from agents order by place"
    )
    assert [(case[0], *row) for case, row in zip(AGENTS, got, strict=True)] == AGENTS


def test_referrers(project) -> None:
    got = standin.query(project, "select got from referrers order by place")
    assert [(*case[:2], value) for case, (value,) in zip(REFERRERS, got, strict=True)] == REFERRERS


def test_campaigns(project) -> None:
    columns = "utm_source, utm_medium, utm_campaign, click_id, click_network"
    got = standin.query(project, f"select {columns} from queries order by place")
    assert [(case[0], row) for case, row in zip(QUERIES, got, strict=True)] == QUERIES
    assert standin.query(project, "select utm_term from queries where utm_term is not null") == [("a b+c",)]


def test_request_lines(project) -> None:
    got = standin.query(project, "select method, target, path, query, protocol from lines order by place")
    assert [(case[0], row) for case, row in zip(LINES, got, strict=True)] == LINES


def test_bots(project) -> None:
    assert standin.query(project, "select * from bots order by client nulls last") == [
        ("1.1.1.1", CHROME, 8, False, False, False, False),
        ("2.2.2.2", CHROME, 6, False, False, True, True),
        ("3.3.3.3", CHROME, 1, False, True, False, True),
        ("4.4.4.4", "curl/8", 1, True, False, False, True),
        ("5.5.5.5", None, 1, False, False, False, False),
        (None, CHROME, 1, False, False, False, False),
    ]


def expected_sessions(rows: list[tuple]) -> dict[int, tuple]:
    """Return first arrival, start, end, number and count of the session of every request, by a loop."""
    by_visitor: dict[tuple, list[tuple]] = defaultdict(list)
    for client, agent, at, seq in rows:
        if at is not None:
            by_visitor[client, agent].append((at, seq))
    expected: dict[int, tuple] = {seq: (None,) * 5 for _, _, at, seq in rows if at is None}
    for visits in by_visitor.values():
        session: list[tuple] = []
        for visit in [*sorted(visits), (datetime.max.replace(tzinfo=UTC), -1)]:
            if session and visit[0] - session[-1][0] > timedelta(minutes=30):
                first = min(seq for _, seq in session)
                for place, (_, seq) in enumerate(session, start=1):
                    expected[seq] = (first, session[0][0], session[-1][0], place, len(session))
                session = []
            session.append(visit)
    return expected


def found_sessions(project: Path, table: str) -> tuple[dict[int, tuple], dict[str, set[int]]]:
    """Return the same of a table, and the requests of every session id."""
    columns = "session_started_at, session_ended_at, session_request, session_requests"
    got = standin.query(project, f"select _ls_seq, session_id, {columns} from {table}")
    members: dict[str, set[int]] = defaultdict(set)
    for seq, session, *_ in got:
        members[session].add(seq)
    found = {seq: (min(members[session]) if session else None, *values) for seq, session, *values in got}
    members.pop(None, None)
    return found, members


@pytest.mark.long
def test_sessions_are_the_same_whenever_their_requests_arrived(project) -> None:
    chance = random.Random(5)
    ids: dict[int, str] = {}
    for _ in range(3):
        rows = standin.query(project, "select client_ip, user_agent, requested_at, _ls_seq from requests")
        got, members = found_sessions(project, "sessions")
        whole, members_whole = found_sessions(project, "sessions_whole")
        assert len(rows) == len(got)
        assert got == whole
        assert members == members_whole
        assert got == expected_sessions(rows)
        new = {min(sequences): session for session, sequences in members.items()}
        assert all(new[first] == session for first, session in ids.items() if first in new)
        ids |= new
        add(project, requests(chance, len(rows), 40, 6000))
        run(project, "--select", "sessions", "sessions_whole")


def test_a_late_request_joins_two_sessions(project) -> None:
    add(project, [("9.9.9.9", "x", START + timedelta(minutes=at), 10_000 + at) for at in (0, 50)])
    run(project, "--select", "sessions")
    query = "select _ls_seq, session_id from sessions where client_ip = '9.9.9.9' order by 1"
    before = standin.query(project, query)
    assert before[0][1] != before[1][1]
    add(
        project,
        [
            ("9.9.9.9", "x", START + timedelta(minutes=25), 10_100),
            ("9.9.9.9", "x", START - timedelta(minutes=30), 10_101),
        ],
    )
    run(project, "--select", "sessions")
    assert standin.query(project, query) == [(seq, before[0][1]) for seq in (10_000, 10_050, 10_100, 10_101)]
