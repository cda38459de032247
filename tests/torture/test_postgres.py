"""Histories of a PostgreSQL server, in a process of their own: one that forks victims must have run nothing."""

import json
import subprocess
import sys
from datetime import date, datetime
from decimal import Decimal

import pytest

from lakesmith.testing.torture.postgres.cursors import CURSORS
from lakesmith.testing.torture.postgres.promise import Promise, Sight
from lakesmith.testing.torture.postgres.words import canon, canon_of_server

BIGINT = next(kind for kind in CURSORS if kind.type == "bigint" and kind.span)
NAMES, TYPES = {1: "id", 2: "seen", 3: "note"}, {1: "bigint", 2: "bigint", 3: "text"}


def sight(*rows, types=TYPES):
    return Sight({n: NAMES[n] for n in types}, types, tuple(dict(zip(types, row, strict=True)) for row in rows))


def after(promise, *rows, **known):
    return promise.after(sight(*rows, **known), "seen", "id")


def play(folder, *words):
    command = [sys.executable, "-m", "lakesmith.testing.torture", "--part", "postgres", "--tmp", str(folder), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_short_history_keeps_all_laws(tmp_path):
    done = play(
        tmp_path, "--towns", "1", "--steps", "40", "--first-seed", "1000", "--no-mutants", "--out", str(tmp_path)
    )
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads((tmp_path / "torture.json").read_text())
    assert (figures["lost"], figures["doubled"], figures["other"]) == (0, 0, 0)
    assert figures["parts"]["postgres"]["postgres"]["operations"] >= 40
    assert figures["parts"]["postgres"]["postgres"]["comparisons"] >= 2


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_longer_histories_and_every_mutant(tmp_path):
    done = play(tmp_path, "--towns", "4", "--first-seed", "7000")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("bronze", "words", "kind"),
    [
        (Decimal("1.50"), "1.5", "numeric"),
        (date(2026, 1, 2), "2026-01-02 00:00:00", "timestamp without time zone"),
        (datetime(2026, 1, 2, 3, 4, 5, 600_000), "2026-01-02 03:04:05.6+00", "timestamp with time zone"),  # noqa: DTZ001
        (0.10000000149011612, "0.1", "real"),
        (float("nan"), "NaN", "double precision"),
        (b"\x00\xff", "\\x00ff", "bytea"),
        (["a", None, "b c", 'd"e'], '{a,NULL,"b c","d\\"e"}', "text[]"),
        (Decimal(12345678901234567890123456789012345678), "12345678901234567890123456789012345678", "numeric"),
        ("0044-03-15 BC", "0044-03-15 BC", "date"),
    ],
)
def test_one_way_to_write_what_is_the_same(bronze, words, kind):
    assert canon(bronze) == canon_of_server(words, kind)


def test_the_promise_of_a_cursor():
    first = after(Promise("append", BIGINT), ("1", "100", "a"), ("2", None, "b"))
    assert (first.new, first.last) == (1, 100)
    late = after(first, ("1", "100", "a"), ("3", "40", "in time"), ("4", "39", "too late"), ("5", "100", "tie"))
    assert late.new == 2
    assert after(late, ("1", "100", "a"), ("3", "40", "in time"), ("5", "100", "tie")).moves is False
    assert after(late, ("1", "100", "changed"), ("3", "40", "in time"), ("5", "100", "tie")).new == 1


def test_the_promise_where_a_column_is_gone():
    types = {1: "bigint", 2: "bigint"}
    first = after(Promise("append", BIGINT), ("1", "100", "a"))
    assert after(first, ("1", "100"), types=types).moves is False
    assert after(first, ("2", "100"), types=types) == "SourceDataError"
    assert after(after(Promise("dedupe", BIGINT), ("1", "100", "a")), ("1", "100"), types=types).new == 1


def test_the_promise_of_a_replaced_table():
    first = after(Promise("replace", BIGINT), ("1", "100", "a"))
    assert after(first, ("2", "1", "b")).lines == ((("id", "2"), ("note", "b"), ("seen", "1")),)
    assert after(first) == "EmptiedError"
