"""Types of PostgreSQL with values of them as SQL writes them: the edges of each, and random ones from a seed."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Callable
from datetime import date, timedelta

SETUP = """
create type mood as enum ('sad', 'o k', 'qu"ote', 'größer');
create domain positive as numeric(10,3) check (value > 0);
create domain very_positive as positive check (value > 1);
create domain day as date;
create domain ints as int[];
create domain label as text;
create type address as (street text, zip int, since date);
create type "Weird ""Type" as enum ('a,b', 'NULL');
create type span as range (subtype = float8);
"""


def text(rng: random.Random) -> str:
    letters = "ab z\"'\\,{}()NULL;\t\n\r%_éß客🙂\u200b"
    return "".join(rng.choices(letters, k=rng.choice([0, 1, 3, 12, 200])))


def number(digits: int, scale: int) -> Callable[[random.Random], str]:
    """Return a maker of numbers with at most so many digits, `scale` of them after the point."""

    def make(rng: random.Random) -> str:
        whole = "".join(rng.choices("0123456789", k=rng.randint(0, digits - scale))).lstrip("0") or "0"
        places = "".join(rng.choices("0123456789", k=rng.randint(0, scale)))
        return rng.choice(["", "-"]) + whole + (f".{places}" if places else "")

    return make


def day(rng: random.Random) -> str:
    if rng.random() < 0.7:
        return (date(1970, 1, 1) + timedelta(rng.randint(-30000, 30000))).isoformat()
    year = rng.choice([1, 2, 9999, 10_000, 123_456, 294_276, rng.randint(1, 294_000)])
    bc = rng.random() < 0.3
    return f"{rng.randint(1, 4713) if bc else year:04}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}{' BC' if bc else ''}"


def clock(rng: random.Random) -> str:
    fraction = rng.choice(["", ".5", ".000001", f".{rng.randint(0, 999_999):06}"])
    return f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02}:{rng.randint(0, 59):02}{fraction}"


def moment(rng: random.Random) -> str:
    shown, _, era = day(rng).partition(" ")
    return f"{shown} {clock(rng)}{' BC' if era else ''}"


def moment_tz(rng: random.Random) -> str:
    shown, _, era = day(rng).partition(" ")
    return f"{shown} {clock(rng)}{rng.choice(['+00', '-11:30', '+05:45'])}{' BC' if era else ''}"


def array_of(element: Callable[[random.Random], str]) -> Callable[[random.Random], str]:
    """Return a maker of arrays: mostly lists, with nulls; some of two dimensions, with odd bounds, or empty."""

    def make(rng: random.Random) -> str:
        def one(size: int) -> str:
            return "{" + ",".join("NULL" if rng.random() < 0.2 else quoted(element(rng)) for _ in range(size)) + "}"

        size = rng.choice([1, 2, 5])
        kind = rng.random()
        if kind < 0.15:
            return "{" + ",".join(one(size) for _ in range(rng.randint(1, 3))) + "}"
        if kind < 0.3:
            low = rng.choice([-1, 0, 1, 7])
            return f"[{low}:{low + size - 1}]={one(size)}"
        return one(rng.choice([0, 1, 3, 20]))

    return make


def quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def composite(rng: random.Random) -> str:
    return f"({quoted(text(rng))},{rng.choice(['', str(rng.randint(-9, 9))])},{rng.choice(['', 'infinity', '2020-02-29'])})"


def document(rng: random.Random) -> str:
    big = rng.choice(["1", "-0.0", "1e400", "1" * 60 + ".50", "0.1000"])
    return f'{{"a": {big}, "a": {json.dumps(text(rng))}, "n": [null, true, {{}}], "客": 1}}'


def some(*values: str) -> Callable[[random.Random], str]:
    return lambda rng: rng.choice(values)


def whole(bits: int) -> Callable[[random.Random], str]:
    return lambda rng: str(rng.choice([0, 1, -1, rng.randint(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)]))


def real(rng: random.Random) -> str:
    return rng.choice(["NaN", "Infinity", "-Infinity", "-0", "1e-30", "0.1", repr(rng.uniform(-1e6, 1e6))])


def octets(rng: random.Random) -> str:
    return "\\x" + rng.randbytes(rng.choice([0, 1, 9, 300])).hex()


def guid(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128)))


def span(rng: random.Random) -> str:
    return rng.choice(["empty", "(,)", "[1,5)", "(,7]", f"[{rng.randint(-9, 0)},{rng.randint(1, 99)}]"])


wide = number(131, 60)
money = number(14, 2)
INTERVALS = some("1 year -2 mons 3 days 04:05:06.789", "-1 day", "0", "1000000 hours", "178000000 years")
bits = some("1", "0", "1010")
bits5 = some("10101", "00000")

NATIVE: dict[str, tuple[Callable[[random.Random], str], tuple[str, ...]]] = {
    "boolean": (some("t", "f"), ()),
    "smallint": (whole(16), ("-32768", "32767")),
    "integer": (whole(32), ("-2147483648", "2147483647")),
    "bigint": (whole(64), ("-9223372036854775808", "9223372036854775807")),
    "real": (real, ("3.4028235e38", "1.17549435e-38")),
    "double precision": (real, ("1.7976931348623157e308", "5e-324")),
    "text": (text, ("", " ", "NULL")),
    "varchar(250)": (text, ("",)),
    "char(7)": (some("a", "ab  ", "客", ""), ()),
    "name": (some("a", "Big Name"), ()),
    "bytea": (octets, ("\\x00ff",)),
    "date": (day, ("infinity", "-infinity", "4714-11-24 BC", "5874897-12-31", "0001-12-31 BC", "0001-01-01", "9999-12-31", "10000-01-01")),
    "timestamp": (moment, ("infinity", "-infinity", "4714-11-24 00:00:00 BC", "294276-12-31 23:59:59.999999", "294247-01-10 04:00:54.775807", "9999-12-31 23:59:59.999999", "10000-01-01")),
    "timestamptz": (moment_tz, ("infinity", "-infinity", "294276-12-31 23:59:59.999999+00", "0001-01-01 00:00:00+00", "0001-01-01 00:00:00+05")),
    "timestamp(0)": (moment, ("infinity",)),
    "day": (day, ("infinity",)),
    "label": (text, ()),
    "oid": (some("0", "4294967295", "16384"), ()),
}  # fmt: skip
NUMBERS = {
    "numeric": (wide, ("NaN", "Infinity", "-Infinity", "1.1234567890", "1." + "0" * 200, "9" * 29 + "." + "9" * 9, "9" * 30, "1e-10", "-0.000000001", "0.0", "1e500")),
    "numeric(10,2)": (number(10, 2), ("NaN", "99999999.99", "-0.01")),
    "numeric(38,38)": (number(38, 38), ("NaN", "0." + "9" * 38)),
    "numeric(38)": (number(38, 0), ("NaN", "-" + "9" * 38)),
    "numeric(3,5)": (some("0.00123", "-0.00999", "0"), ("NaN",)),
    "numeric(5,-2)": (some("12300", "-9999900"), ("NaN",)),
    "numeric(60,20)": (number(60, 20), ("NaN",)),
    "money": (money, ("92233720368547758.07", "-92233720368547758.08")),
    "positive": (some("1.5", "0.001", "9999999.999"), ("NaN",)),
    "very_positive": (some("1.5", "9999999.999"), ()),
}  # fmt: skip
WORDS = {
    "time": (clock, ("24:00:00",)),
    "timetz": (some("10:20:30.5+05:45", "24:00:00-12"), ()),
    "interval": (INTERVALS, ()),
    "uuid": (guid, ()),
    "json": (document, ('"\\u0000"', " [1,  2] ")),
    "jsonb": (document, ("1e1000", '"\\ud83d\\ude42"')),
    "xml": (some("<a>é<b/></a>", "<?xml version='1.0'?><a/>", "text &amp; more"), ()),
    "inet": (some("10.0.0.1", "10.1.2.3/8", "::1/64", "::ffff:1.2.3.4"), ()),
    "cidr": (some("10.0.0.0/8", "2001:db8::/32"), ()),
    "macaddr": (some("08:00:2b:01:02:03"), ()),
    "macaddr8": (some("08:00:2b:01:02:03:04:05"), ()),
    "bit(5)": (bits5, ()),
    "varbit": (bits, ("", "1" * 70)),
    "mood": (some("sad", "o k", 'qu"ote', "größer"), ()),
    '"Weird ""Type"': (some("a,b", "NULL"), ()),
    "address": (composite, ("(,,)",)),
    "int4range": (span, ()),
    "tstzrange": (some("empty", "[2020-01-01,infinity)", "(,2020-01-01 BC]"), ()),
    "span": (span, ()),
    "int4multirange": (some("{}", "{[1,3),[5,9)}", "{(,)}"), ()),
    "point": (some("(1.5,-2)", "(NaN,1e300)"), ()),
    "box": (some("(1,2),(3,4)"), ()),
    "path": (some("[(1,2),(3,4)]", "((1,2))"), ()),
    "polygon": (some("((0,0),(1,1),(1,0))"), ()),
    "circle": (some("<(1,2),3>"), ()),
    "line": (some("{1,2,3}"), ()),
    "lseg": (some("[(1,2),(3,4)]"), ()),
    "pg_lsn": (some("16/B374D848", "0/0"), ()),
    "xid8": (some("18446744073709551615"), ()),
    "txid_snapshot": (some("10:20:10,14,15"), ()),
    '"char"': (some("a", "", "é"), ()),
    "regclass": (some("pg_class", "12345"), ()),
    "tsvector": (some("a fat cat", "'a b':1A,2 c:3"), ()),
    "tsquery": (some("fat & !rat", "a <-> b"), ()),
    "jsonpath": (some('$."a"[*] ? (@ > 1)'), ()),
    "int2vector": (some("1 2 3", ""), ()),
    "oidvector": (some("1 2 3"), ()),
    "aclitem": (some("lake=r/lake"), ()),
    "tid": (some("(0,1)"), ()),
    "ints": (array_of(whole(32)), ("{}",)),
}
ARRAYS = {
    f"{name}[]": (array_of(make), ("{}", "{NULL}", "{{1},{2}}" if name == "integer" else "{}"))
    for name, make in {
        "boolean": some("t", "f"),
        "smallint": whole(16),
        "integer": whole(32),
        "bigint": whole(64),
        "real": real,
        "double precision": real,
        "text": text,
        "varchar": text,
        "char(3)": some("a", "ab"),
        "bytea": octets,
        "date": lambda rng: day(rng) if rng.random() < 0.8 else "infinity",
        "timestamp": moment,
        "timestamptz": moment_tz,
        "numeric": wide,
        "numeric(10,2)": lambda rng: number(10, 2)(rng) if rng.random() < 0.9 else "NaN",
        "money": money,
        "oid": some("4294967295"),
        "uuid": guid,
        "jsonb": document,
        "interval": INTERVALS,
        "inet": some("10.1.2.3/8"),
        "mood": some("sad", "o k", 'qu"ote'),
        "address": composite,
        "positive": some("1.5"),
        "day": day,
        "label": text,
        "int4range": span,
        '"Weird ""Type"': some("a,b", "NULL"),
    }.items()
}
TYPES = {**NATIVE, **NUMBERS, **WORDS, **ARRAYS}


def values_of(name: str, rng: random.Random, count: int) -> list[str | None]:
    """Return the edges of a type, nulls and random values."""
    make, edges = TYPES[name]
    made = [None if rng.random() < 0.1 else make(rng) for _ in range(count)]
    return [None, *edges, *made]
