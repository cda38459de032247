"""What goes wrong on the way to a server, and in the middle of reading: an error by its remedy, without a secret or a value."""

import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import pymongo
import pytest
from mongo_server import free_port, mongo_server, serve_mongo
from pymongo import errors as driver
from reading_collections import CREW, opened, read_all, rows_of, trial_of

from lakesmith.errors import ConnectorOptionsError, LakesmithError, RetriableError, SourceDataError, SourceMissingError
from lakesmith.model.streams import Ask
from lakesmith.sources.mongodb import MongoSource
from lakesmith.sources.mongodb.connecting.faults import driver_errors, explain
from lakesmith.sources.mongodb.planning.plan import Token
from lakesmith.sources.scene import Scene

SECRET = "hush-hush"
SMALL = {"split_kb": 256, "batch_kb": 16}


def fault(url, **more):
    """Return the error of planning a stream, which shows no secret."""
    with (
        opened(url, source={"connect_timeout_s": 1, **more}) as (source, spec),
        pytest.raises(LakesmithError) as caught,
    ):
        source.splits(spec, Ask())
    error = caught.value
    assert error.fix
    assert SECRET not in str(error)
    assert SECRET not in str(error.__cause__)
    return error


def fill(url, count=3000):
    with pymongo.MongoClient(url) as client:
        client.get_default_database().t.insert_many([{"_id": n, "pad": "x" * 400} for n in range(count)])


@pytest.mark.parametrize(
    ("url", "kind", "told"),
    [
        ("postgresql://host/db", ConnectorOptionsError, "does not begin with mongodb://"),
        (f"mongodb://me:{SECRET}@@host:1/db", ConnectorOptionsError, "cannot be understood"),
        (f"mongodb://me:{SECRET}@host:99999/db", ConnectorOptionsError, "cannot be understood"),
        (f"mongodb://me:{SECRET}@127.0.0.1:9/", ConnectorOptionsError, "names no database"),
        (
            f"mongodb://me:{SECRET}@127.0.0.1:9/db?tlsCAFile=/no/such/file&tls=true",
            ConnectorOptionsError,
            "parameter of the address",
        ),
        (f"mongodb://me:{SECRET}@no-such-host.invalid/db", ConnectorOptionsError, "leads to no address"),
        (f"mongodb://me:{SECRET}@127.0.0.1:{{port}}/db", RetriableError, "No server that may be read answers"),
    ],
)
def test_addresses_that_lead_nowhere(url, kind, told):
    error = fault(url.format(port=free_port()))
    assert isinstance(error, kind)
    assert told in error.what


def test_a_wrong_password(tmp_path):
    with serve_mongo(tmp_path / "server", "--auth") as server:
        error = fault(f"mongodb://me:{SECRET}@127.0.0.1:{server.port}/db?directConnection=true&authSource=admin")
        assert isinstance(error, ConnectorOptionsError)
        assert "user or this password" in error.what
        bare = fault(server.url("db"))
    assert "may not read this, or did not log in" in bare.what


def test_encryption_that_the_server_does_not_speak(mongo):
    error = fault(mongo.url("db") + "&tls=true")
    assert "tls=true" in error.fix


CASES = [
    (driver.OperationFailure("x", 18), ConnectorOptionsError, "password"),
    (driver.OperationFailure("x", 13), ConnectorOptionsError, "may not read"),
    (driver.CursorNotFound("x", 43), RetriableError, "ended a read"),
    (driver.OperationFailure("x", 175), RetriableError, "ended a read"),
    (driver.OperationFailure("x", 237), RetriableError, "ended a read"),
    (driver.NotPrimaryError("x", {"code": 10107}), RetriableError, "not the primary"),
    (driver.NotPrimaryError("x"), RetriableError, "not the primary"),
    (driver.OperationFailure("x", 11600), RetriableError, "not the primary"),
    (driver.ExecutionTimeout("x", 50), RetriableError, "took too long"),
    (driver.AutoReconnect("x"), RetriableError, "connection to the server was lost"),
    (driver.NetworkTimeout("x"), RetriableError, "connection to the server was lost"),
    (driver.AutoReconnect("SSL handshake failed"), ConnectorOptionsError, "Encryption"),
    (driver.ServerSelectionTimeoutError("x"), RetriableError, "answers at this address"),
    (driver.OperationFailure("x", 26), SourceMissingError, "no such collection"),
    (driver.OperationFailure("x", 31254), ConnectorOptionsError, "does not understand"),
    (driver.OperationFailure("x", 4711), SourceDataError, "refused a command"),
    (driver.InvalidOperation("x"), SourceDataError, "refused a command"),
]


@pytest.mark.parametrize(("raised", "kind", "told"), CASES)
def test_what_the_driver_raises(raised, kind, told):
    raised.args = (f"{raised.args[0]} {SECRET}", *raised.args[1:])
    error = explain(raised, Scene("host/db", "lakesmith.yml:3", "stream shop.t"))
    assert type(error) is kind
    assert told in error.what
    assert SECRET not in str(error)
    assert error.where == "stream shop.t, host/db, lakesmith.yml:3"
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_what_is_not_the_drivers_goes_through():
    with pytest.raises(ZeroDivisionError, match="division by zero"), driver_errors(Scene("host")):
        _ = 1 / 0


def test_a_filter_that_the_server_does_not_understand(db, url):
    db.t.insert_one({"_id": 1})
    with opened(url, filter={"x": {"$nonsense": 1}}) as (source, spec):
        (split,) = source.splits(spec, Ask())
        with pytest.raises(ConnectorOptionsError, match="does not understand"):
            list(source.read(spec, split, Ask()))
        (split,) = source.splits(spec, Ask())
        assert CREW._idle, "a worker that met an error is of use to the next split"


@pytest.mark.usefixtures("db")
def test_a_worker_that_is_killed_in_the_middle_of_a_split(url, tmp_path):
    fill(url)
    with opened(url, kind=MongoSource, source=SMALL) as (source, spec):
        split = source.splits(spec, Ask())[0]
        chunks = source.read(spec, split, Ask())
        next(chunks)
        os.kill(chunks._stop._worker.pid, signal.SIGKILL)
        with pytest.raises(RetriableError, match=r"ended in the middle of it \(signal 9\)"):
            list(chunks)
    trial = trial_of(url, tmp_path, source=SMALL)
    assert trial.load().counts.written == 3000
    assert sorted(row["_id"] for row in trial.bronze().rows) == list(range(3000))


@pytest.mark.usefixtures("db")
def test_a_read_that_is_cancelled_ends_its_process(url):
    fill(url)
    with opened(url, kind=MongoSource, source=SMALL) as (source, spec):
        chunks = source.read(spec, source.splits(spec, Ask())[0], Ask())
        next(chunks)
        worker = chunks._stop._worker
        chunks.cancel()
        with pytest.raises(RetriableError, match=r"ended in the middle of it|was stopped"):
            list(chunks)
        assert not worker.is_alive


@pytest.mark.usefixtures("db")
def test_workers_end_with_the_source(url):
    fill(url, 10)
    with opened(url, kind=MongoSource) as (source, spec):
        read_all(source, spec)
        (worker,) = source._crew._idle
        assert worker.is_alive
        source.close()
        assert not worker.is_alive


PARENT = """
import sys, time
from lakesmith.sources.mongodb.reading.crew import Worker
worker = Worker()
print(worker.pid, flush=True)
time.sleep(60)
"""


def test_workers_end_with_a_parent_that_is_killed():
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    pid = int(parent.stdout.readline())
    time.sleep(0.2)
    parent.kill()
    parent.wait()
    give_up = time.monotonic() + 20
    while is_running(pid):
        assert time.monotonic() < give_up
        time.sleep(0.05)


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.long
def test_a_server_that_ends_in_the_middle_and_comes_back(tmp_path):
    server = mongo_server(tmp_path / "server")
    server.start()
    try:
        url = server.url("db")
        fill(url)
        with opened(url, kind=MongoSource, mode="append", cursor="_id", source={**SMALL, "connect_timeout_s": 1}) as (
            source,
            spec,
        ):
            first, second, *_ = source.splits(spec, Ask())
            got = list(source.read(spec, first, Ask()))
            position = source.advance(None, first, got[-1].after)
            server.stop(signal.SIGKILL)
            with pytest.raises(RetriableError, match="No server that may be read answers"):
                list(source.read(spec, second, Ask()))
            server.start()
            assert len(rows_of(list(source.read(spec, second, Ask())))) > 100
        with opened(url, kind=MongoSource, mode="append", cursor="_id", source=SMALL) as (source, spec):
            rest = source.splits(spec, Ask(position))
            assert Token.decode(rest[0].token).number == 1
            chunks, _ = read_all(source, spec, position)
        assert sorted(row["_id"] for row in rows_of(got) + rows_of(chunks)) == list(range(3000))
    finally:
        server.stop()
