"""Exactly once: killed anywhere, or left without an answer, nothing is lost or doubled."""

import contextlib
import signal
import socket
import threading
import time

import pytest

from lakesmith.errors import StorageUnavailableError
from lakesmith.run.publishers.postgres import PostgresPublisher

MODES = {"replace": {}, "upsert": {"mode": "upsert", "key": ["id"], "delete_missing": True}}
POINTS = {"publish.copied": False, "publish.before-commit": False, "publish.committed": True}
TRACE = "select count(*), count(distinct id), sum(id)::int from mart_a"


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("held", [False, True])
def test_killed_at_any_point_a_rerun_brings_it_once(outbox, mode, point, held):
    if point == "publish.copied" and mode == "upsert":
        point = "publish.before-commit:1"
    outbox.options = MODES[mode]
    outbox.send("select i as id from range(10) t(i)")
    if held:
        outbox.ask("create view seen as select * from mart_a")
    new = outbox.dataset("select i as id from range(5, 25) t(i)")
    done = outbox.send_apart(new, {"LAKESMITH_CRASH": point}, **outbox.options)
    assert done.returncode == -signal.SIGKILL, done.stderr
    landed = POINTS[point.partition(":")[0]]
    assert outbox.ask(TRACE) == ([(20, 20, 290)] if landed else [(10, 10, 45)])
    assert (outbox.send(new)[1] == 0) is landed
    assert outbox.ask(TRACE) == [(20, 20, 290)]
    tables = "select relname from pg_class where relname like '%\\_ls\\_%' and relnamespace = 'public'::regnamespace"
    assert outbox.ask(tables) == []


class LosingProxy:
    """Between a publisher and its server: the session with the commit is cut before or after the server has it."""

    def __init__(self, port, *, after):
        self.backend, self.after, self.cut = port, after, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                server = socket.create_connection(("127.0.0.1", self.backend))
                threading.Thread(target=self.pump, args=(client, server, True), daemon=True).start()
                threading.Thread(target=self.pump, args=(server, client, False), daemon=True).start()

    def pump(self, source, sink, is_client):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if is_client and b"COMMIT" in data and not self.cut:
                    self.cut += 1
                    if self.after:
                        source.shutdown(socket.SHUT_WR)  # the answer finds nobody
                        sink.sendall(data)
                        time.sleep(0.3)
                    break
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.listener.close()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("after", [pytest.param(False, marks=pytest.mark.long), True])
def test_a_commit_without_an_answer_is_looked_for(outbox, postgres, mode, after):
    outbox.options = MODES[mode]
    outbox.send("select i as id from range(10) t(i)")
    new = outbox.dataset("select i as id from range(5, 25) t(i)")
    proxy = LosingProxy(postgres.port, after=after)
    try:
        options = outbox.settings(url=outbox.url.replace(f":{postgres.port}/", f":{proxy.port}/"))
        publisher = PostgresPublisher(PostgresPublisher.Options(**options))
        if after:
            rows, size = publisher.publish(new, "p")
            assert (rows, size > 0) == (20, True)
        else:
            with pytest.raises(StorageUnavailableError, match="lost while the rows were committed; they are not there"):
                publisher.publish(new, "p")
            assert outbox.ask(TRACE) == [(10, 10, 45)]
    finally:
        proxy.close()
    assert proxy.cut == 1
    assert (outbox.send(new)[1] == 0) is after
    assert outbox.ask(TRACE) == [(20, 20, 290)]


def test_two_at_the_same_time_bring_it_once(outbox):
    new = outbox.dataset("select i as id from range(20000) t(i)")
    sent = []
    threads = [
        threading.Thread(target=lambda: sent.append(outbox.publisher().publish(new, "p")[1] > 0)) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(sent) == [False, False, True]
    assert outbox.ask("select count(*), count(distinct id) from mart_a") == [(20000, 20000)]
