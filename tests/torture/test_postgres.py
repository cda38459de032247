"""Histories of a PostgreSQL server, in a process of their own: one that forks victims must have run nothing."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from lakesmith.testing.torture.laws import BrokenError
from lakesmith.testing.torture.postgres.cursors import CURSORS
from lakesmith.testing.torture.postgres.promise import Promise, Sight
from lakesmith.testing.torture.postgres.versions import Chronicle, Versions, versions_in
from lakesmith.testing.torture.postgres.words import BESIDE, canon

BIGINT = next(kind for kind in CURSORS if kind.type == "bigint" and kind.span)
NAMES, TYPES = {1: "id", 2: "seen", 3: "note"}, {1: "bigint", 2: "bigint", 3: "text"}


def sight(*rows, types=TYPES):
    return Sight({n: NAMES[n] for n in types}, types, tuple(dict(zip(types, row, strict=True)) for row in rows))


def after(promise, *rows, **known):
    return promise.after(sight(*rows, **known), "seen", "id")


def play(folder, *words):
    command = [sys.executable, "-m", "lakesmith.testing.torture", "--part", "postgres", "--tmp", str(folder), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.long
def test_a_short_history_keeps_all_laws(tmp_path):
    done = play(
        tmp_path, "--towns", "1", "--steps", "30", "--first-seed", "1007", "--no-mutants", "--out", str(tmp_path)
    )
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads((tmp_path / "torture.json").read_text())
    assert (figures["lost"], figures["doubled"], figures["other"]) == (0, 0, 0)
    assert figures["parts"]["postgres"]["postgres"]["operations"] >= 30
    assert figures["parts"]["postgres"]["postgres"]["comparisons"] >= 2


@pytest.fixture
def folder():
    """A folder that the server's own user may enter."""
    with tempfile.TemporaryDirectory(prefix="torture-ended-") as made:
        Path(made).chmod(0o755)
        yield Path(made)


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_servers_and_what_was_done_is_told(folder, number):
    words = ["--part", "postgres", "--steps", "10000", "--towns", "2", "--no-mutants", "--tmp", str(folder)]
    torture = subprocess.Popen(
        [sys.executable, "-m", "lakesmith.testing.torture", *words],
        env={**os.environ, "TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while (
        len(list(folder.glob("*/postgres/worker-*/postgres-*"))) < 2
    ):  # both servers are there, and histories are played
        assert torture.poll() is None, torture.communicate()[1]
        time.sleep(0.1)
    servers = [int(file.read_text().split()[0]) for file in folder.glob("torture-pg-*/data/postmaster.pid")]
    assert len(servers) == 2
    torture.send_signal(number)
    said, _ = torture.communicate(timeout=60)
    assert torture.returncode not in {0, -signal.SIGKILL}
    assert "seeds 0 to 1: {" in said
    assert list(folder.iterdir()) == []
    for server in servers:
        with pytest.raises(ProcessLookupError, match="No such process"):
            os.kill(server, 0)


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_longer_histories_and_every_mutant(tmp_path):
    done = play(tmp_path, "--towns", "4", "--first-seed", "7000", "--out", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads((tmp_path / "torture.json").read_text())["postgres"]
    assert figures["rolled back"] >= figures["rolled back over a build"] >= 1


@pytest.mark.parametrize(
    ("bronze", "words"),
    [
        (Decimal("1.50"), "1.5"),
        (date(2026, 1, 2), "2026-01-02 00:00:00"),
        (datetime(2026, 1, 2, 3, 4, 5, 600_000), "2026-01-02 03:04:05.6+00"),  # noqa: DTZ001
        (0.10000000149011612, "0.1"),
        (1.0000000150474662e30, "1e+30"),
        ("0.10000000149011612", "0.1"),
        (float("nan"), "NaN"),
        (b"\x00\xff", "\\x00ff"),
        (["a", None, "b c", 'd"e'], '{a,NULL,"b c","d\\"e"}'),
        (Decimal(12345678901234567890123456789012345678), "12345678901234567890123456789012345678"),
        ("0044-03-15 BC", "0044-03-15 BC"),
    ],
)
def test_one_way_to_write_what_is_the_same(bronze, words):
    assert canon(bronze) == canon(words)


def test_numbers_that_differ_are_written_differently():
    told = ("2147483648", "2147483647", "16777216", "16777217", "0.1", "0.10000001", "0.1000000014", "1e40", "1e-12")
    assert len({canon(text) for text in told}) == len(told)


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


def test_what_stepped_aside_in_a_build_that_was_cut_off_goes_on_with_its_column():
    first = Promise("replace", BIGINT).after(
        Sight({1: "id", 2: "a", 3: "b"}, dict.fromkeys((1, 2, 3), "text"), ({1: "1", 2: "of a", 3: "of b"},)), "", "id"
    )
    swapped = first.under({1: "id", 3: "a", 4: "b"})  # `a` was dropped, `b` is called `a` now, and a new column `b`
    assert swapped.lines == ((("a", "of b"), ("a__added", "of a"), ("id", "1")),)
    then = {1: "id", 3: "c", 4: "b"}
    assert swapped.under(then).lines == ((("c", "of b"), ("c__added", "of a"), ("id", "1")),)
    assert first.under(then).lines == ((("a", "of a"), ("c", "of b"), ("id", "1")),)


def test_several_that_stepped_aside_are_told_together():
    def once(promise, number, name):
        return promise.under({1: "id", number: name})

    rows = ({1: "1", 2: "x", 3: "y", 4: "z"},)
    first = Promise("replace", BIGINT).after(
        Sight({1: "id", 2: "a", 3: "b", 4: "c"}, dict.fromkeys((1, 2, 3, 4), "text"), rows), "", "id"
    )
    told = once(once(first, 3, "a"), 4, "a").lines[0]
    assert told == (("a", "z"), ("a__added", f"x{BESIDE}y"), ("id", "1"))


def metadata(*seen, aside=()):
    """A table whose commits have these ordinals and generations, the first ones as readers saw them, the others aside."""
    commits = [
        {
            "snapshot-id": at,
            "parent-snapshot-id": at - 1 if at != len(seen) + 1 else None,
            "timestamp-ms": at,
            "summary": {"lakesmith.checkpoint": json.dumps({"ordinal": ordinal, "generation": generation})},
        }
        for at, (ordinal, generation) in enumerate((*seen, *aside), 1)
    ]
    refs = {"main": {"snapshot-id": len(seen)}} if seen else {}
    refs |= {"lakesmith_build": {"snapshot-id": len(commits)}} if aside else {}
    return {"snapshots": commits, "refs": refs, "last-updated-ms": 99}


def versions(*seen, **aside):
    return versions_in(metadata(*seen, **aside))


def test_what_metadata_says_of_versions():
    found = versions((1, 1), (4, 2), aside=((5, 3), (6, 3)))
    assert (found.head, found.seen, found.aside) == (2, ((1, 1), (4, 2)), ((5, 3), (6, 3)))
    assert (found.newest, found.highest, found.is_building, found.faults) == ((4, 2), 6, True, ())
    assert Versions.of_json(json.loads(json.dumps(found.as_json()))) == found
    assert versions_in(metadata()) == Versions()


def test_the_numbers_of_a_checkpoint_that_lies_aside():
    large = metadata((1, 1))
    large["snapshots"][0]["summary"]["lakesmith.checkpoint"] = json.dumps(
        {"sidecar": "x", "outline": {"ordinal": 7, "generation": 3}}
    )
    assert versions_in(large).seen == ((7, 3),)


BUILDING = ((1, 1), (2, 2)), ((3, 3), (4, 3))


def test_a_rollback_over_a_build_and_the_load_after_it():
    chronicle = Chronicle("replace")
    chronicle.look(versions(*BUILDING[0], aside=BUILDING[1]))
    back = versions(*BUILDING[0], (5, 3), aside=BUILDING[1])
    chronicle.came_back(back)
    chronicle.look(back)
    assert not back.is_building
    chronicle.look(versions(*BUILDING[0], (5, 3), (7, 4)))


@pytest.mark.parametrize("number", [(4, 3), (2, 3), (5, 2)])
def test_a_rollback_that_has_numbers_of_before(number):
    chronicle = Chronicle("replace")
    chronicle.look(versions(*BUILDING[0], aside=BUILDING[1]))
    with pytest.raises(BrokenError, match="the rollback has"):
        chronicle.came_back(versions(*BUILDING[0], number, aside=BUILDING[1]))


@pytest.mark.parametrize(
    ("mode", "now", "broken"),
    [
        ("replace", versions((1, 1), (2, 2), (2, 3)), "ordinals in the order of commits"),
        ("replace", versions((1, 1), (2, 2), (5, 2)), "generations in the order of commits"),
        ("append", versions((1, 1), (2, 2), (5, 1)), "generations in the order of commits"),
        ("replace", versions(*BUILDING[0], (4, 3), aside=BUILDING[1]), r"ordinals \[4\] stand aside too"),
        ("replace", versions(*BUILDING[0], aside=((3, 3), (4, 4))), "aside stand"),
        ("replace", versions(*BUILDING[0], aside=((3, 2),)), "generation 2 is built aside"),
        ("replace", versions((1, 1)), "readers saw"),
        ("replace", versions(), "highest ordinal"),
    ],
)
def test_numbers_that_break_a_law(mode, now, broken):
    chronicle = Chronicle(mode)
    chronicle.look(versions(*BUILDING[0]))
    with pytest.raises(BrokenError, match=broken):
        chronicle.look(now)
