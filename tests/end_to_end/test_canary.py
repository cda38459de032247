"""No secret and no value of a row gets out: every input holds some that are known, and they are looked for in all that is let out."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import ExitStack, closing

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from canaries import PERSONAL, SECRET, Canaries, contents_of, files_below, leaks
from canary_servers import Databases, Town, source_of_town
from canary_yard import BAD, INPUTS, ON, Yard, project
from e2e_home import Home

COMMANDS = """
status --json|logs|incidents --all --json|alerts deliver|alerts deliveries --json|tables desk.people|metrics|check --json
quarantine show|quarantine replay desk.people --dry-run|doctor --json
"""


def commands(text):
    return [one.split() for one in text.replace("\n", "|").split("|") if one.strip()]


@pytest.fixture(scope="module")
def yard(tmp_path_factory):
    """A project of files after a good day and a bad one, and all that it let out."""
    root = tmp_path_factory.mktemp("canary") / "desk"
    root.mkdir()
    yard = Yard(Home(root), Canaries(20))
    with ExitStack() as stack:
        yard.begin(stack)
        assert yard.ask("run", "--json", *ON).code == 0
        yard.second_day()
        yard.models(BAD)
        assert yard.ask("run", *ON).code == 1
        for words in commands(COMMANDS):
            yard.ask(*words)
        yard.visit(of_a_kind=4)
        yard.collect()
    return yard


def test_nothing_gets_out_of_a_project_of_files(yard):
    assert [str(leak) for leak in yard.leaks()] == []


def test_everything_was_looked_at_and_what_was_looked_for_is_there(yard):
    kinds = {kind for _, kind, _ in yard.out}
    assert kinds == {"terminal", "rows asked for", "page", "file", "record", "rows", "report", "message"}
    told = {place for place, kind, _ in yard.out if kind == "message"}
    assert told == {"request to /servi", "request to /hook/", "request to /sign/", "mail"}
    inputs = [content for name in INPUTS for file in inputs_of(yard, name) for content in contents_of(file)]
    given = {leak.canary for content in inputs for leak in leaks(yard.canaries, "inputs", content)}
    assert given == {f"{one.kind} `{one.name}`" for one in yard.canaries}
    rows = [content for _, kind, content in yard.out if kind == "rows"]
    kept = {leak.canary for content in rows for leak in leaks(yard.canaries, "rows", content)}
    assert {f"{PERSONAL} `{name}`" for name in ("name of somebody", "phone of a twin", "category")} <= kept


def inputs_of(yard, name):
    place = yard.root / name
    return [place] if place.is_file() else files_below(place)


def test_a_leak_is_found_in_each_kind_of_output_in_every_form(yard):
    """What is found in a clean copy once it is put there: by this the other tests are known to be able to fail."""
    of_each = {name_of_shape(one): one for one in yard.canaries}
    assert len(of_each) == 5
    for kind in sorted({kind for _, kind, _ in yard.out} - {"rows", "rows asked for"}):
        place, _, content = next(one for one in yard.out if one[1] == kind and len(one[2]) > 100)
        for canary in of_each.values():
            for form in sorted(canary.forms):
                spoiled = Yard(yard.home, yard.canaries, [(place, kind, planted(content[:3000], form))])
                assert f"{canary.kind} `{canary.name}`" in {leak.canary for leak in spoiled.leaks()}, (kind, form)


def name_of_shape(canary):
    """Return which maker made a canary."""
    return canary.kind, *(test(canary.value) for test in (str.isdigit, str.islower)), "@" in canary.value


def planted(content, form):
    """Put a text into the middle of a content, with a break of the line within it."""
    at, middle = len(content) // 2, len(form) // 2
    text = f"{form[:middle]}\n  {form[middle:].upper()}" if form.isascii() else form
    return content[:at] + (text if isinstance(content, str) else text.encode()) + content[at:]


def test_a_leak_is_found_where_it_lies_in_pages_of_a_database_or_is_packed(yard, tmp_path):
    some = [next(one for one in yard.canaries if one.kind == kind) for kind in (SECRET, PERSONAL)]
    database = tmp_path / "runs.db"
    shutil.copy(yard.root / ".lakesmith" / "runs.db", database)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("create table leaked (text text)")
        connection.executemany(
            "insert into leaked values (?)", [("x" * 4080 + one.value + "x" * 9000,) for one in some]
        )
    pq.write_table(pa.table({"leaked": [one.value for one in some] * 50}), tmp_path / "x.parquet", compression="zstd")
    for path in (database, tmp_path / "x.parquet"):
        found = {leak.canary for content in contents_of(path) for leak in leaks(yard.canaries, path.name, content)}
        assert found == {f"{one.kind} `{one.name}`" for one in some}


MORE_COMMANDS = """
status|status --json|runs|runs --json|logs|logs --json|incidents|incidents --json|incidents --all --json|alerts|alerts --json|alerts test
alerts test --json|alerts deliver|alerts deliveries|alerts deliveries --json|alerts mutes --json|alerts routes --for desk.people|tables|tables --json
tables desk.people --json|tables base.visits|sources|sources --json|sources base --json|sources town|metrics|check|check --json|plan|plan --json
drift show|drift show --json|quarantine show|quarantine show desk.forms|quarantine show docs.orders --json|quarantine replay desk.people --dry-run
quarantine replay desk.notes --dry-run --json|quarantine replay desk.people|quarantine replay docs.orders|history desk.people --json
history base.visits|rebuild desk.people --dry-run|rebuild desk.people --yes|rebuild base.visits --yes --json|reconcile base.visits --yes|doctor
doctor --json|doctor --repair|lake check|lake check --json|lake collect|lake compact|scaffold --dry-run --json|drift pin desk.people|grants
schedule|rollback desk.people --dry-run|dbt compile|dbt build --select mart_people|query selct|query --json|run --select nothing|tables nobody
"""


@pytest.fixture(scope="module")
def documents(tmp_path_factory):
    from mongo_server import serve_mongo

    with serve_mongo(tmp_path_factory.mktemp("mongo") / "server") as server:
        yield server


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.timeout(900)
def test_nothing_gets_out_of_servers_and_of_all_that_goes_wrong(tmp_path, shared_postgres, documents):
    """Good days, then: a wrong password, values of another type, an API that chatters, kills, rebuilds, replays, a record that is away."""
    root = tmp_path / "desk"
    root.mkdir()
    yard = Yard(Home(root), Canaries(21))
    with ExitStack() as stack:
        town = stack.enter_context(Town(yard.canaries).serving())
        bases = Databases(yard.canaries, shared_postgres, documents)
        yard.begin(stack)
        yard.variables |= {
            "DATABASE_URL": bases.url,
            "STORE_URL": bases.url,
            "MONGO_URL": documents.url(bases.documents),
            "CLIENT_SECRET": yard.canaries.secret("client secret"),
            "API_KEY": yard.canaries.secret("API key"),
        }
        said = project(
            sources={"town": source_of_town(town), "base": bases.source(), "docs": bases.source_of_documents()},
            monitor={"store": "${env:STORE_URL}"},
        )
        said["alerts"]["channels"]["post"]["port"] = yard.mail_port
        yard.configure(said)
        bases.fill(1)
        assert yard.ask("run", "--json", *ON).code == 0
        assert set(town.asked) == {yard.canaries.secret("client secret")}
        bases.fill(2, born=yard.canaries.word("day of birth that is none"))
        yard.second_day()
        assert yard.ask("run", *ON, env={"LAKESMITH_CRASH": "run.load.before_commit:1"}).code == -9
        yard.models(BAD)
        town.mood = "chatters"
        assert yard.ask("run", *ON).code in (1, 2)
        for words in commands(MORE_COMMANDS):
            yard.ask(*words)
        town.mood = "refuses"
        wrong = {
            "DATABASE_URL": wrong_password(bases.url, yard.canaries.secret("wrong password")),
            "MONGO_URL": f"mongodb://desk:{yard.canaries.secret('wrong password of documents')}@127.0.0.1:{documents.port}/x",
        }
        for words in (["run", "--json", *ON], ["check"], ["check", "--json"], ["plan"], ["status"], ["doctor"]):
            ran = yard.ask(*words, env=wrong)
            assert words[0] != "run" or not ran.json()["ok"]
        away = wrong_password(bases.url, yard.canaries.secret("wrong password of the record"))
        for words in (["run", *ON], ["status"], ["runs", "--json"], ["doctor"], ["metrics"]):
            yard.ask(*words, env={"STORE_URL": away})
        yard.visit()
        yard.collect()
        yard.out += [(name, "record", rows) for name, rows in bases.record().items()]
    assert {"public.run", "public.error_event"} <= {place for place, kind, _ in yard.out if kind == "record"}
    assert sorted({str(leak) for leak in yard.leaks()}) == []


def wrong_password(url, password):
    """Return the address with another password."""
    head, _, tail = url.partition("@")
    return f"{head.rpartition(':')[0]}:{password}@{tail}"
