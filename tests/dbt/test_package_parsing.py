"""Every parsing macro of the bundled package against values whose spellings Python made: exact, or null."""

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa
import pytest
import standin

pytestmark = pytest.mark.slow

Cases = list[tuple[str | None, Any]]
CHANCE: Final = random.Random(11)
CALLS: Final = {
    "parse_date": "lakesmith.parse_date('value')",
    "parse_timestamp": "lakesmith.parse_timestamp('value')",
    "parse_money": "lakesmith.parse_money('value')",
    "parse_magnitude": "lakesmith.parse_magnitude('value')",
    "parse_integer": "lakesmith.parse_integer('value')",
    "nullify": "lakesmith.nullify('value')",
    "clean_key": "lakesmith.clean_key('value')",
    "query_param": "lakesmith.query_param('value', 'utm_campaign')",
    "page_path": "lakesmith.page_path('value')",
    "is_asset": "lakesmith.is_asset('value')",
    "is_bot": "lakesmith.is_bot('value')",
    "divide": "lakesmith.divide(\"cast(split_part(value, '/', 1) as decimal(18, 2))\", \"cast(split_part(value, '/', 2) as bigint)\", 4)",
}


def dates() -> Cases:
    """Days of four centuries in every spelling, and what is no day."""
    cases: Cases = []
    for _ in range(200):
        day = date(1900, 1, 1) + timedelta(days=CHANCE.randrange(70_000))
        iso, british = day.isoformat(), f"{day:%d.%m.%Y}"
        cases += [
            (text, day)
            for text in (iso, british, f"{day:%m/%d/%Y}", f"{day:%b} {day.day}, {day.year}", iso.replace("-", ""))
        ]
        cases += [(f" {iso} ", day), (f"{day.day}.{day.month}.{day.year}", day), (f"{day:%b %d, %Y}".upper(), day)]
    nothing = (
        None,
        "",
        "NULL",
        "2026-02-30",
        "30.02.2026",
        "13/01/2026",
        "04.03.26",
        "Foo 4, 2026",
        "2026-3",
        "20261301",
        "soon",
        "1772619060",
    )
    return cases + [(text, None) for text in nothing]


def instants() -> Cases:
    """Minutes in every spelling, and what is no instant."""
    cases: Cases = []
    for _ in range(200):
        at = datetime(2001, 9, 10, tzinfo=UTC) + timedelta(minutes=CHANCE.randrange(15_000_000))
        texts = (
            f"{at:%Y-%m-%dT%H:%M:%SZ}",
            f"{at:%Y-%m-%d %H:%M:%S}",
            f"{at:%d.%m.%Y %H:%M}",
            f"{at:%m/%d/%Y %I:%M %p}",
            str(int(at.timestamp())),
        )
        cases += [(text, at) for text in texts] + [(f"{at + timedelta(hours=2):%Y-%m-%dT%H:%M}+02:00", at)]
    cases += [
        ("03/04/2026 12:00 AM", datetime(2026, 3, 4, tzinfo=UTC)),
        ("03/04/2026 12:30 pm", datetime(2026, 3, 4, 12, 30, tzinfo=UTC)),
    ]
    cases += [("2026-03-04T10:11:12.345678Z", datetime(2026, 3, 4, 10, 11, 12, 345678, tzinfo=UTC))]
    nothing = (
        None,
        "",
        "n/a",
        "2026-03-04",
        "2026-02-30T10:00:00Z",
        "03/04/2026 13:00 PM",
        "04.03.2026 25:00",
        "12345",
        "yesterday",
    )
    return cases + [(text, None) for text in nothing]


def amounts() -> Cases:
    """Amounts up to 10 billion in every spelling, and what is no amount of whole cents."""
    cases: Cases = []
    for size in (3, 5, 6, 7, 8, 9, 12):
        for _ in range(40):
            amount = Decimal(CHANCE.randrange(10**size)) / 100
            plain, english = f"{amount:.2f}", f"{amount:,.2f}"
            german = english.translate(str.maketrans(",.", ".,"))
            french = english.replace(",", " ").replace(".", ",")
            texts = (
                plain,
                english,
                f"€{english}",
                f"{german} €",
                f"EUR {plain}",
                french,
                french.replace(" ", "\u00a0"),
                plain.replace(".", ","),
            )
            cases += [(text, amount) for text in texts] + [(f"-{plain}", -amount), (f"$-{english}", -amount)]
    cases += [
        ("0.10", Decimal("0.10")),
        ("9999999999999999.99", Decimal("9999999999999999.99")),
        ("7", Decimal(7)),
        ("7.5", Decimal("7.5")),
        ("0.500", Decimal("0.5")),
    ]
    cases += [
        ("1,234", Decimal(1234)),
        ("1.234", Decimal(1234)),
        ("12.3400", Decimal("12.34")),
        ("1.234.567", Decimal(1234567)),
    ]
    nothing = (
        None,
        "",
        "-",
        "12.3456",
        "1,23,4",
        "12 34",
        "1.2.3",
        "ten",
        "1e5",
        "12..5",
        "99999999999999999.00",
        "€",
        "12.5M",
        "0.005",
    )
    return cases + [(text, None) for text in nothing]


def magnitudes() -> Cases:
    """Revenues in every spelling, and what is no whole number."""
    cases: Cases = []
    for size in (3, 4, 5, 6):
        for _ in range(60):
            revenue = CHANCE.randrange(10**size) * 100_000
            millions = f"{Decimal(revenue) / 1_000_000:.1f}"
            short = millions.removesuffix(".0")
            texts = (
                str(revenue),
                f"{revenue:,}",
                f"€{millions}M",
                f"{short} million",
                f"{revenue // 1000}K",
                f"EUR {short}m",
                f"{short} Mio",
            )
            cases += [(text, revenue) for text in texts]
    cases += [
        ("1.234M", 1_234_000),
        ("2bn", 2_000_000_000),
        ("1,250M", 1_250_000_000),
        ("12,5 Mio", 12_500_000),
        ("1500.00", 1500),
    ]
    return cases + [(text, None) for text in (None, "", "n/a", "M", "12.5", "1.2345678M", "12 apples", "1.2.3M")]


def whole_numbers() -> Cases:
    """Counts in every spelling, and what is no count."""
    numbers = [CHANCE.randrange(10**size) for size in (1, 2, 3, 4, 5, 7) for _ in range(40)]
    cases: Cases = [(text, n) for n in numbers for text in (str(n), f"{n:,}", f"~{n}", f"{n} employees", f"{n} pcs")]
    cases += [("-5", -5), ("3.0", 3), (" 42 ", 42), ("1.250", 1250)]
    return cases + [
        (text, None) for text in (None, "", "NULL", "3.5", "many", "1 2", "3 pcs 4", "99999999999999999999")
    ]


CASES: Final[dict[str, Callable[[], Cases]]] = {
    "parse_date": dates,
    "parse_timestamp": instants,
    "parse_money": amounts,
    "parse_magnitude": magnitudes,
    "parse_integer": whole_numbers,
    "nullify": lambda: [(t, None) for t in (None, "", " ", "NULL", "null", "n/a", "N/A", "-", " - ")] + [(" NA ", "NA"), ("nil", "nil")],
    "clean_key": lambda: [(t, "C0000123") for t in ("c0000123", " C0000123 ", "C-0000123", "C0000123")] + [("", None), (None, None), (" - ", None)],
    "query_param": lambda: [
        ("utm_source=google&utm_medium=cpc&utm_campaign=spring_launch", "spring_launch"),
        ("?utm_campaign=A%20b+c%2Bd&x=1", "A b c+d"),
        ("not_utm_campaign=x", None),
        ("utm_campaign=&y=1", None),
        ("utm_campaign=one&utm_campaign=two", "one"),
        (None, None),
    ],
    "page_path": lambda: [
        ("/", "/"), ("", "/"), ("/pricing/", "/pricing"), ("/pricing", "/pricing"), ("/a/b//", "/a/b"), ("/?x=/", "/"), ("/a/?x=1#y", "/a"), (None, None),
    ],
    "is_asset": lambda: [("/a.css", True), ("/x/Logo.PNG?v=2", True), ("/js", False), ("/products/P0000012", False), ("/css/", False)],
    "is_bot": lambda: [("Googlebot/2.1", True), ("CURL/8.0", True), ("HeadlessChrome", True), ("Mozilla/5.0 (Macintosh)", False), (None, False)],
    "divide": lambda: [
        (f"{cents / 100:.2f}/{count}", (Decimal(cents) / 100 / count).quantize(Decimal("0.0001"), ROUND_HALF_UP))
        for cents, count in [(CHANCE.randrange(-(10**9), 10**9), CHANCE.randrange(1, 500)) for _ in range(300)] + [(100, 32), (-100, 32), (0, 7), (1, 200)]
    ] + [("1.00/0", None)],
}  # fmt: skip


@pytest.fixture(scope="module")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Cases, list[Any]]]:
    """What one dbt run made of all cases, in a session far from UTC."""
    project = _project(tmp_path_factory.mktemp("parsing"))
    cases = {name: make() for name, make in CASES.items()}
    with duckdb.connect(project / standin.BUILD) as build:
        build.execute("create schema cases")
        for name, rows in cases.items():
            texts = pa.table({"place": range(len(rows)), "value": pa.array([text for text, _ in rows], pa.string())})
            build.register("texts", texts)
            build.execute(f"create table cases.{name} as select * from texts")
    built = standin.dbt(project, "run", "--quiet")
    assert built.code == 0, built.output
    with duckdb.connect(project / standin.BUILD) as build:
        build.execute("set TimeZone = 'UTC'")
        read = {name: build.execute(f"select got from {name} order by place").fetchall() for name in cases}
    return {name: (cases[name], [got for (got,) in rows]) for name, rows in read.items()}


def _project(folder: Path) -> Path:
    for name, call in CALLS.items():
        model = folder / f"models/{name}.sql"
        model.parent.mkdir(exist_ok=True)
        model.write_text(f"select place, {{{{ {call} }}}} as got from cases.{name}")
    (folder / "dbt_project.yml").write_text(
        "{name: parsing, profile: lakesmith, models: {+materialized: table}, flags: {send_anonymous_usage_stats: false}}"
    )
    profile = (standin.TEMPLATE / "profiles.yml").read_text().rstrip()
    (folder / "profiles.yml").write_text(f"{profile}\n      settings: {{TimeZone: America/St_Johns}}\n")
    return standin.add_package(folder)


@pytest.mark.parametrize("name", CASES)
def test_macro_gives_the_exact_value_or_null(parsed: dict[str, tuple[Cases, list[Any]]], name: str) -> None:
    """Value by value, and with the same type."""
    cases, got = parsed[name]
    wrong = [
        (text, value, expected)
        for (text, expected), value in zip(cases, got, strict=True)
        if value != expected or type(value) is not type(expected)
    ]
    assert wrong == []
