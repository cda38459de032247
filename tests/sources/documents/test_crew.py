"""Workers that hang, crash, take all memory or talk without end: their document gets a reason, the others are read."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pytest

from lakesmith.sources.documents.crew import Crew
from lakesmith.sources.documents.parsed import Limits
from lakesmith.sources.documents.protocol import DRILLS, Request

SHORT = Limits(timeout_s=2.0, max_memory_mb=256)


@dataclass
class Sent:
    file: BinaryIO
    request: Request

    def fileno(self):
        return self.file.fileno()


@pytest.fixture
def send(tmp_path):
    path = tmp_path / "note"
    path.write_text("hello there")
    with path.open("rb") as file:
        yield lambda drill="", limits=SHORT: Sent(file, Request(0, 11, "txt", limits=limits, drill=drill))


def is_running(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


def wait_until(holds, timeout_s=10.0):
    end = time.monotonic() + timeout_s
    while not holds() and time.monotonic() < end:
        time.sleep(0.02)
    return holds()


REASONS = {
    "hang": "timed out: not read within 2 s",
    "crash": "crashed: its reader ended with code 70",
    "memory": "out of memory: more than 256 MB needed",
    "flood": "crashed: its reader answered nonsense",
}


@pytest.mark.parametrize("drill", DRILLS)
def test_an_accident_is_the_reason_of_one_document_alone(send, drill):
    crew, limits = Crew(2), SHORT if drill == "hang" else Limits(timeout_s=60.0, max_memory_mb=256)
    asked = [send(), send(drill, limits), send(), send(), send()]
    answers = list(crew.read(asked))
    assert [sent for sent, _ in answers] == asked
    assert answers[1][1]["error"] == REASONS[drill]
    assert [answer.get("text") for _, answer in answers] == ["hello there", None, *["hello there"] * 3]


def test_many_accidents_in_a_row_are_survived(send):
    answers = [answer for _, answer in Crew(2).read([send("crash") for _ in range(5)] + [send()])]
    assert [answer.get("error") for answer in answers] == [REASONS["crash"]] * 5 + [None]


@pytest.mark.long
def test_a_caller_that_takes_its_time_makes_nobody_late(send, tmp_path):
    """An answer larger than what a socket holds waits in the worker until somebody listens."""
    (tmp_path / "large").write_text("word " * 200_000)
    with (tmp_path / "large").open("rb") as file:
        large = Sent(file, Request(0, 1_000_000, "txt", limits=SHORT))
        answers = Crew(2).read([send(), large, large, large])
        texts = []
        for _, answer in answers:
            texts.append(len(answer["text"]))
            time.sleep(2.5 if len(texts) < 3 else 0)
    assert texts == [11, 999_999, 999_999, 999_999]


def test_a_worker_is_used_again_and_ends_with_its_crew(send):
    crew = Crew(1)
    list(crew.read([send(), send()]))
    [worker] = crew._idle
    list(crew.read([send()]))
    assert list(crew._idle) == [worker]
    assert worker.served == 3
    assert is_running(worker.pid)
    del crew
    assert wait_until(lambda: not is_running(worker.pid))


def test_a_worker_that_died_idle_is_replaced_and_costs_no_document(send):
    crew = Crew(1)
    list(crew.read([send()]))
    os.kill(crew._idle[0].pid, signal.SIGKILL)
    time.sleep(0.1)
    [(_, answer)] = crew.read([send()])
    assert answer["text"] == "hello there"


def test_other_limits_of_memory_get_another_worker(send):
    crew = Crew(1)
    list(crew.read([send()]))
    first = crew._idle[0].pid
    list(crew.read([send(limits=Limits(max_memory_mb=512))]))
    assert crew._idle[0].pid != first
    assert not is_running(first)


def test_a_caller_that_stops_early_leaves_no_worker_behind(send):
    crew = Crew(2)
    answers = crew.read([send(), send("hang"), send("hang")])
    next(answers)
    before = children()
    assert before
    answers.close()
    assert wait_until(lambda: not [pid for pid in before if is_running(pid) and pid not in idle(crew)])


def idle(crew):
    return {worker.pid for worker in crew._idle}


def children():
    found = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(os.getpid())], capture_output=True, text=True, check=True
    )
    return [int(line.split()[0]) for line in found.stdout.splitlines() if "documents.worker" in line]


PARENT = """
import sys
from dataclasses import dataclass
from lakesmith.sources.documents.crew import Crew
from lakesmith.sources.documents.parsed import Limits
from lakesmith.sources.documents.protocol import Request

@dataclass
class Sent:
    file: object
    request: Request
    def fileno(self): return self.file.fileno()

crew = Crew(1)
file = open(sys.argv[1], "rb")
def asked():
    yield Sent(file, Request(0, 5, "txt"))
    print(crew._idle[0].pid if crew._idle else "", flush=True)
    yield Sent(file, Request(0, 5, "txt", limits=Limits(timeout_s=600), drill=sys.argv[2]))
for _ in crew.read(asked()):
    print(*[worker.pid for worker in crew._idle], flush=True)
"""


def test_a_busy_worker_ends_when_its_parent_is_killed(tmp_path):
    """Nobody is left to tell it: the kernel does."""
    note = tmp_path / "note"
    note.write_text("hello")
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(note), "hang"], stdout=subprocess.PIPE, text=True
    ) as parent:
        pids = []
        while not pids:
            pids = parent.stdout.readline().split()
        time.sleep(0.5)
        assert is_running(int(pids[0]))
        parent.kill()
    assert wait_until(lambda: not is_running(int(pids[0])))


CONFINED = """
import socket, subprocess, sys
from lakesmith.sources.documents.confinement import confine
before = open(sys.argv[1] + "/before", "wb", buffering=0)
confine(512)
def attempt(name, action):
    try:
        action()
    except (OSError, MemoryError) as error:
        print(name, type(error).__name__)
    else:
        print(name, "WENT")
attempt("write", lambda: open(sys.argv[1] + "/made", "w"))
attempt("kernel", lambda: before.write(b"x"))
attempt("connect", lambda: socket.create_connection(("127.0.0.1", 9)))
attempt("run", lambda: subprocess.run(["true"]))
attempt("rename", lambda: __import__("os").rename(sys.argv[1], sys.argv[1] + "2"))
attempt("memory", lambda: bytearray(1 << 30))
"""


def test_a_worker_can_neither_write_nor_call_nor_start_nor_grow(tmp_path):
    done = subprocess.run([sys.executable, "-c", CONFINED, str(tmp_path)], capture_output=True, text=True, check=True)
    assert dict(line.split() for line in done.stdout.splitlines()) == {
        "write": "RefusedError",
        "kernel": "OSError",
        "connect": "RefusedError",
        "run": "RefusedError",
        "rename": "RefusedError",
        "memory": "MemoryError",
    }
    assert [(path.name, path.stat().st_size) for path in tmp_path.iterdir()] == [("before", 0)]
