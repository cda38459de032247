"""The demo's own PostgreSQL and the generator that changes what is in it."""

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import closing

import psycopg
import pytest

from lakesmith.errors import MissingExtraError, UsageError
from lakesmith.simulate.server import DemoServer
from lakesmith.simulate.subscriptions import Generator, Subscriptions
from lakesmith.simulate.subscriptions.__main__ import main
from lakesmith.simulate.subscriptions.books import books_at
from lakesmith.simulate.subscriptions.schema import COLUMNS, KEYS
from lakesmith.simulate.subscriptions.spelling import row_of

TINY = Subscriptions(scale=0.02)
LEFT_BEHIND = """
import os, signal, sys
from pathlib import Path
from lakesmith.simulate.server import DemoServer
server = DemoServer(Path(sys.argv[1]))
server.start()
print(server.pid, flush=True)
if sys.argv[2] == "alone":
    server.keeper.kill()
    server.keeper.wait()
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def folder(tmp_path):
    yield tmp_path / "server"
    if (tmp_path / "server").exists():
        shutil.rmtree((tmp_path / "server").resolve())  # a link, where the server runs as another user


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.long
def test_a_database_goes_from_tick_to_tick_and_is_found_again(folder):
    with DemoServer(folder).running() as server:
        generator, pid = Generator(TINY, server.url), server.pid
        assert generator.tick() is None
        generator.through(12)
        assert generator.note_load() == (12,)
        first = tables(server.url)
    assert not is_alive(pid)
    with DemoServer(folder).running() as server:
        assert server.pid != pid
        assert tables(server.url) == first == rows_at(12)
        again = Generator.of(server.url)
        assert again.business == TINY
        again.advance(9)
        assert again.tick() == 21
        assert again.note_load() == (12, 21)
        assert tables(server.url) == rows_at(21)
        with pytest.raises(ValueError, match=r"belongs to .*seed=7, .* and not to .*seed=8, .*Name an empty database"):
            Generator(Subscriptions(seed=8, scale=0.02), server.url).advance()
        with psycopg.connect(server.url) as connection:
            connection.execute("drop schema simulator cascade")
        with pytest.raises(ValueError, match="has no business in it"):
            Generator.of(server.url)


def tables(url):
    """Return the rows of all tables, with what Python has no value for as text."""
    found = {}
    with closing(psycopg.connect(url)) as connection:
        connection.execute("set timezone = 'UTC'")
        for table, columns in COLUMNS.items():
            names = ", ".join("valid_to::text" if name == "valid_to" else name for name in columns)
            names = names.replace("metadata", "metadata::text")
            rows = connection.execute(f"select {names} from billing.{table} order by {KEYS[table]}").fetchall()
            found[table] = [tuple(map(plain, row)) for row in rows]
    return found


def rows_at(tick):
    books = books_at(TINY, (tick,))
    return {
        table: [tuple(map(plain, row_of(record, TINY.seed))) for _, record in sorted(getattr(books, table).items())]
        for table in COLUMNS
    }


def plain(value):
    """Return a value in one spelling: jsonb has its own order of keys, and every time here is in UTC."""
    if isinstance(value, dict):
        return sorted(map(str, value.items()))
    if isinstance(value, str) and value.startswith("{"):
        return sorted(map(str, json.loads(value).items()))
    if hasattr(value, "isoformat"):
        return value.isoformat().replace("T", " ").removesuffix(":00")
    return value


def left_behind(folder, how):
    """Return the process of the server of a demo that was killed."""
    left = subprocess.run(
        [sys.executable, "-c", LEFT_BEHIND, str(folder), how], capture_output=True, text=True, check=False
    )
    assert left.returncode == -signal.SIGKILL, left.stderr
    return int(left.stdout)


@pytest.mark.long
def test_a_demo_that_was_killed_leaves_no_server_and_can_be_begun_again_at_once(folder):
    pid = left_behind(folder, "kept")
    with DemoServer(folder).running() as server:
        with psycopg.connect(server.url) as connection:
            assert connection.execute("select 1").fetchone() == (1,)
        assert server.pid != pid
        assert not is_alive(pid)


@pytest.mark.long
def test_a_server_that_was_left_behind_is_taken_over_and_ended(folder):
    pid = left_behind(folder, "alone")
    assert is_alive(pid)
    with DemoServer(folder).running() as server:
        assert server.pid == pid
        with psycopg.connect(server.url) as connection:
            assert connection.execute("select 1").fetchone() == (1,)
    assert not is_alive(pid)


@pytest.mark.long
def test_a_server_that_was_killed_starts_again_with_what_was_committed(folder):
    with DemoServer(folder).running() as server:
        Generator(TINY, server.url).advance(2)
        os.kill(server.pid, signal.SIGQUIT)
    with DemoServer(folder).running() as server:
        assert Generator.of(server.url).tick() == 2


@pytest.mark.long
def test_a_link_to_data_that_is_gone_is_made_anew(folder):
    folder.symlink_to(folder.parent / "cleaned-away")
    with DemoServer(folder).running() as server:
        assert Generator(TINY, server.url).tick() is None


@pytest.mark.long
def test_a_server_that_cannot_start_says_why(folder):
    with DemoServer(folder).running():
        pass
    version = folder / "data" / "PG_VERSION"
    version.write_text("9.6\n")
    with pytest.raises(UsageError, match=r"did not start: .*not compatible(.|\n)*postgres\.log"):
        DemoServer(folder).start()


@pytest.mark.long
def test_the_command_line_changes_a_database_batch_by_batch(folder, capsys):
    with DemoServer(folder).running() as server:
        main([server.url, "--batches", "2", "--every", "0", "--scale", "0.02"])
        main([server.url, "--batches", "1", "--scale", "0.02"])
        assert tables(server.url) == rows_at(3)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines] == [["batch", "1"], ["batch", "2"], ["batch", "3"]]


def test_a_missing_extra_is_named():
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from lakesmith.simulate.server import check_installed\n"
        "check_installed()"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert MissingExtraError.__name__ in ended.stderr
    assert 'pip install "lakesmith[demo]"' in ended.stderr
