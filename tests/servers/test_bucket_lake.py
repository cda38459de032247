"""A lake in a bucket with a catalog in PostgreSQL: loads, kills, races and outages lose and double nothing."""

import importlib
import json
import os
import re
import signal
import time
from collections import Counter
from dataclasses import replace

import duckdb
import pytest
from lake_loading import ROWS, STREAM, WIDER, make_rows, open_batch, read_back, resume, without_system
from lake_servers import FlakyProxy, serve_postgres
from server_talk import start, tell, work

from lakesmith.engines.duckdb.attach import select
from lakesmith.engines.duckdb.objects import plugin, register
from lakesmith.errors import CatalogBrokenError, FencedError, StorageUnavailableError
from lakesmith.host import Host
from lakesmith.lake import CRASH_POINTS, Lake
from lakesmith.lake.points import METADATA_WRITTEN
from lakesmith.model.places import LakeAddress, Storage
from lakesmith.model.streams import StreamId


def expected(numbers):
    return [row for number in numbers for row in make_rows(number)]


def test_a_lake_in_a_bucket_holds_what_was_loaded(bucket_lake):
    table = bucket_lake.table(STREAM)
    assert (table.head(), table.snapshot(), bucket_lake.streams()) == (None, None, [])
    resume(table, 2)
    open_batch(table, 2, WIDER).commit()
    assert without_system(read_back(bucket_lake))[: 2 * ROWS] == [
        {**row, "extra": None, "address": row["address"] and {**row["address"], "zip": None}}
        for row in expected([0, 1])
    ]
    assert without_system(read_back(bucket_lake))[2 * ROWS :] == make_rows(2, WIDER)
    assert bucket_lake.streams() == [STREAM]
    assert len(list(table.quarantined())) == 6
    assert all(path.startswith(f"{bucket_lake.root}/app/orders/data/") for path in table.snapshot().files)


def test_duckdb_reads_the_bucket_without_any_extension(bucket_lake, tmp_path):
    table = bucket_lake.table(STREAM)
    resume(table, 2)
    with duckdb.connect(tmp_path / "build.duckdb", config={"autoload_known_extensions": "false"}) as connection:
        register(connection, bucket_lake.address)
        connection.execute(f"CREATE VIEW v AS {select(table.snapshot())}")
        found = connection.execute("SELECT id, name, address.city FROM v ORDER BY _ls_seq").fetchall()
    assert found == [(row["id"], row["name"], row["address"] and row["address"]["city"]) for row in expected([0, 1])]


def test_dbt_reads_the_bucket_through_its_plug_in(bucket_lake, monkeypatch):
    resume(bucket_lake.table(STREAM), 1)
    [entry] = plugin(bucket_lake.address)
    assert not {"testing-key", "testing-secret"} & set(entry["config"].values())
    for name, value in bucket_lake.address.storage.secrets().items():
        monkeypatch.setenv(name, value)
    module = importlib.import_module(entry["module"])
    rendered = {key: re.sub(r"\{\{ env_var\('(\w+)', ''\) \}\}", env, value) for key, value in entry["config"].items()}
    with duckdb.connect(config={"autoload_known_extensions": "false"}) as connection:
        module.Plugin("objects", rendered).configure_connection(connection)
        query = f"SELECT count(*) FROM ({select(bucket_lake.table(STREAM).snapshot())})"
        assert connection.cursor().execute(query).fetchone() == (ROWS,)


def env(match):
    return os.environ.get(match[1], "")


@pytest.mark.long
def test_a_killed_load_resumes(bucket_lake):
    kill_and_resume(bucket_lake, f"{METADATA_WRITTEN}:2")


@pytest.mark.long
@pytest.mark.parametrize("point", CRASH_POINTS)
def test_a_load_killed_anywhere_resumes(bucket_lake, point):
    kill_and_resume(bucket_lake, f"{point}:2")


def kill_and_resume(lake, armed):
    told = {**tell(lake), "do": "resume", "until": 3}
    code, _, said = work(told, LAKESMITH_CRASH=armed)
    assert code in (-signal.SIGKILL, 0), said
    resume(lake.table(STREAM), 4)
    assert without_system(read_back(lake)) == expected(range(4))


@pytest.mark.long
@pytest.mark.parametrize("point", ["lake.commit.prepared", METADATA_WRITTEN, "lake.commit.landed"])
def test_a_frozen_loader_that_wakes_up_changes_nothing(bucket_lake, tmp_path, point):
    table, log = bucket_lake.table(STREAM), tmp_path / "points"
    zombie = start({**tell(bucket_lake), "do": "resume", "until": 40}, LAKESMITH_CRASH_LOG=str(log))
    give_up = time.monotonic() + 60
    while not log.exists() or f"{point}:2\n" not in log.read_text():
        assert time.monotonic() < give_up
        time.sleep(0.005)
    zombie.send_signal(signal.SIGSTOP)
    try:
        resume(table, json.loads(table.head().checkpoint.position)["next"] + 2)
    finally:
        zombie.send_signal(signal.SIGCONT)
    zombie.communicate(timeout=120)
    resume(table, 41)
    assert without_system(read_back(bucket_lake)) == expected(range(41))


@pytest.mark.long
@pytest.mark.parametrize(("processes", "each"), [(2, 2), (8, 6)])
def test_processes_that_race_lose_and_double_nothing(bucket_lake, processes, each):
    told = {**tell(bucket_lake), "do": "race"}
    shares = [list(range(first * each, (first + 1) * each)) for first in range(processes)]
    workers = [start({**told, "numbers": share}) for share in shares]
    ended = [worker.communicate(timeout=300) for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * processes, ended
    ids = Counter(row["id"] for row in read_back(bucket_lake))
    assert ids == Counter(row["id"] for row in expected(range(processes * each)))
    ordinals = [commit.checkpoint.ordinal for commit in bucket_lake.table(STREAM).history()]
    assert ordinals == sorted(set(ordinals), reverse=True)
    assert len(ordinals) <= processes * each
    assert sum(json.loads(out)["fenced"] for out, _ in ended) >= 0


@pytest.mark.long
def test_an_outage_in_the_middle_of_a_commit_is_told_and_the_next_load_goes_on(bucket_lake, objects, clock):
    address = bucket_lake.address
    with FlakyProxy(objects.port).running() as proxy:
        through = replace(address, storage=replace(address.storage, endpoint=proxy.endpoint))
        lake = Lake(through, Host(clock=clock))
        resume(lake.table(STREAM), 1)
        begun = open_batch(lake.table(STREAM), 1)
        proxy.fails = lambda _number, method, path: method == "PUT" and "metadata.json" in path
        with pytest.raises(StorageUnavailableError, match="does not answer"):
            begun.commit()
        proxy.fails = lambda _number, _method, _path: True
        with pytest.raises(StorageUnavailableError, match="does not answer"):
            lake.table(STREAM).head()
        proxy.fails = lambda _number, _method, _path: False
        resume(lake.table(STREAM), 3)
    assert without_system(read_back(bucket_lake)) == expected(range(3))


@pytest.mark.long
def test_a_catalog_that_restarts_is_found_again(objects, storage, clock):
    with serve_postgres() as postgres:
        lake = Lake(LakeAddress(f"s3://{objects.bucket()}/b", postgres.database(), storage), Host(clock=clock))
        table = lake.table(STREAM)
        resume(table, 1)
        begun = open_batch(table, 1)
        postgres.stop()
        with pytest.raises(StorageUnavailableError, match=r"database does not answer") as caught:
            begun.commit()
        assert "pass-word" not in str(caught.value)
        assert caught.value.where == f"postgresql://127.0.0.1:{postgres.port}/catalog_1"
        postgres.start()
        wait_for(lake)
        begun.commit()
        resume(table, 3)
        assert without_system(read_back(lake)) == expected(range(3))
        postgres.stop(signal.SIGQUIT)  # as after a crash: connections are cut, recovery follows
        postgres.start()
        wait_for(lake)
        resume(table, 4)
        assert without_system(read_back(lake)) == expected(range(4))
        assert [finding.text.split(" runs with ")[1].split(":")[0] for finding in lake.check()] == ["fsync = off"]


def wait_for(lake):
    for _ in range(200):
        try:
            lake.streams()
        except StorageUnavailableError:
            continue
        return
    raise AssertionError("the catalog did not come back")


@pytest.mark.long
def test_another_lake_in_the_same_database_needs_a_name(bucket_lake, objects, storage, clock):
    resume(bucket_lake.table(STREAM), 1)
    other = LakeAddress(f"s3://{objects.bucket()}/other", bucket_lake.address.catalog, storage)
    with pytest.raises(CatalogBrokenError, match=r"(?s)points to tables in another place.*catalog=NAME"):
        Lake(other, Host(clock=clock)).table(STREAM).head()
    named = Lake(replace(other, catalog=f"{other.catalog}?catalog=other"), Host(clock=clock))
    resume(named.table(STREAM), 2)
    assert len(read_back(named)) == 2 * ROWS
    assert len(read_back(bucket_lake)) == ROWS


def test_a_catalog_that_lost_its_tables_is_no_new_lake(bucket_lake, postgres, clock):
    resume(bucket_lake.table(STREAM), 1)
    emptied = Lake(replace(bucket_lake.address, catalog=postgres.database()), Host(clock=clock))
    with pytest.raises(CatalogBrokenError, match="is gone or empty"):
        emptied.table(STREAM).head()
    assert emptied.table(StreamId("app", "never")).head() is None


def test_a_wrong_password_is_called_that(bucket_lake, clock):
    wrong = bucket_lake.address.catalog.replace("pass-word", "wr0ng-one")
    with pytest.raises(StorageUnavailableError, match="refuses this user") as caught:
        Lake(replace(bucket_lake.address, catalog=wrong), Host(clock=clock)).table(STREAM).head()
    assert "wr0ng-one" not in str(caught.value)
    nowhere = bucket_lake.address.catalog + "_not"
    with pytest.raises(StorageUnavailableError, match="there is no such database"):
        Lake(replace(bucket_lake.address, catalog=nowhere), Host(clock=clock)).open_catalog()


def test_sessions_are_set_up_on_both_ways(bucket_lake):
    catalog = bucket_lake.open_catalog()
    asked = ("synchronous_commit", "statement_timeout", "default_transaction_isolation", "lock_timeout")
    with catalog.engine.connect() as connection:
        said = [connection.exec_driver_sql(f"SHOW {name}").scalar() for name in asked]
    assert said == ["on", "30s", "read committed", "30s"]
    assert [bucket_lake.directory._select(f"SHOW {name}", ())[0][0] for name in asked] == said
    assert isinstance(bucket_lake.address.storage, Storage)


def test_the_slower_of_two_loads_is_fenced(bucket_lake):
    table = bucket_lake.table(STREAM)
    resume(table, 1)
    slow, fast = open_batch(table, 1), open_batch(table, 1)
    fast.commit()
    with pytest.raises(FencedError, match="ordinal 2 has been committed"):
        slow.commit()
    assert without_system(read_back(bucket_lake)) == expected(range(2))
