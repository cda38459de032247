"""The workers, seen from the parent: documents go out to several at once, answers come back in order, accidents become answers."""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import time
import weakref
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from lakesmith.host.processes import start_module
from lakesmith.sources.documents.protocol import LENGTH, MAX_ANSWER, Request, frame

START_S, SEND_S = 60.0, 60.0
"""How long a worker may take to start, and to send an answer."""
DOCUMENTS_PER_WORKER = 1_000
AHEAD = 4
PIECE = 256 * 1024
_INHERITED = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "VIRTUAL_ENV")

Answer = Mapping[str, Any]


class NonsenseError(Exception):
    """A worker sent what is no answer: it is not to be relied on any more."""


class Assignment(Protocol):
    """A document to be read: the open file it is in, and the request."""

    @property
    def request(self) -> Request:
        """What to ask of a worker."""
        ...

    def fileno(self) -> int:
        """Return the descriptor of the open file; it stays open until the answer came."""
        ...


A = TypeVar("A", bound=Assignment)


class Worker:
    """A child process and our end of its channel. It is killed when this is closed; it ends by itself when this process does."""

    def __init__(self, memory_mb: int) -> None:
        ours, theirs = socket.socketpair()
        lifeline, self._lifeline = os.pipe()
        self.memory_mb, self.channel, self.served, self.is_ready = memory_mb, ours, 0, False
        self._inbox = bytearray()
        descriptors = theirs.fileno(), lifeline
        kept = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        words = (*descriptors, memory_mb)
        try:
            self._process = start_module("lakesmith.sources.documents.worker", words, descriptors, env=kept, cwd="/")
        finally:
            theirs.close()
            os.close(lifeline)

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether the process can be asked for anything more."""
        return self._process.poll() is None and self.served < DOCUMENTS_PER_WORKER

    def ask(self, request: Request, descriptor: int) -> None:
        """Send a request with its open file.

        Raises:
            OSError: If the process has ended.
        """
        self.served += 1
        message = frame(request.as_json())
        sent = socket.send_fds(self.channel, [message], [descriptor])
        self.channel.sendall(message[sent:])

    def answer(self) -> Answer | None:
        """Return the answer if it is all there, None if more has to come; call it when there is something to receive.

        Raises:
            EOFError: If the process ended.
            NonsenseError: If it sends what is no answer.
        """
        piece = self.channel.recv(PIECE)
        if not piece:
            raise EOFError
        self._inbox += piece
        while len(self._inbox) >= LENGTH.size:
            (length,) = LENGTH.unpack_from(self._inbox)
            if length > MAX_ANSWER:
                raise NonsenseError
            if len(self._inbox) < LENGTH.size + length:
                return None
            body = bytes(self._inbox[LENGTH.size : LENGTH.size + length])
            del self._inbox[: LENGTH.size + length]
            if self.is_ready:
                return _understood(body)
            self.is_ready = True
        return None

    def close(self) -> int:
        """End the process; return how it ended."""
        if self._process.poll() is None:
            self._process.kill()
        code = self._process.wait()
        self.channel.close()
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1
        return code


def _understood(body: bytes) -> Answer:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NonsenseError from error
    if not isinstance(answer, dict):
        raise NonsenseError
    return answer


@dataclass(slots=True)
class _Post(Generic[A]):
    """One assignment on its way: who has it, until when, and the answer."""

    assignment: A
    worker: Worker | None = None
    deadline: float = 0.0
    answer: Answer | None = None
    is_answering: bool = False


@dataclass(eq=False)
class Crew:
    """Up to `size` workers, which wait for the next call between two of them. Calls from several threads share no worker."""

    size: int
    _idle: deque[Worker] = field(default_factory=deque)

    def __post_init__(self) -> None:
        weakref.finalize(self, _dismiss, self._idle)

    def read(self, assignments: Iterable[A]) -> Generator[tuple[A, Answer], None, None]:
        """Yield each assignment with its answer, in order; an answer is what a worker said, or `{"error": …}`.

        A caller that stops early ends the workers that are still busy: nobody would hear their answers.
        """
        posts: deque[_Post[A]] = deque()
        waiting, left = iter(assignments), time.monotonic()
        with selectors.DefaultSelector() as selector:
            try:
                while True:
                    self._hand_out(waiting, posts, selector)
                    if not posts:
                        return
                    while posts and posts[0].answer is not None:
                        done = posts.popleft()
                        yield done.assignment, done.answer or {}
                    if posts and posts[0].answer is None:
                        self._listen(selector, time.monotonic() - left)
                        left = time.monotonic()
            finally:
                for key in list(selector.get_map().values()):
                    key.data.worker.close()

    def _hand_out(self, waiting: Iterator[A], posts: deque[_Post[A]], selector: selectors.BaseSelector) -> None:
        while len(selector.get_map()) < self.size and len(posts) < AHEAD * self.size:
            assignment = next(waiting, None)
            if assignment is None:
                return
            post = _Post(assignment)
            posts.append(post)
            self._give(post, selector)

    def _give(self, post: _Post[A], selector: selectors.BaseSelector) -> None:
        request = post.assignment.request
        while True:
            worker = self._worker(request.limits.max_memory_mb)
            try:
                worker.ask(request, post.assignment.fileno())
            except OSError:
                # It ended while it had nothing to do. One that has just been started would be in need of repair.
                is_new = worker.served == 1
                worker.close()
                if is_new:
                    post.answer = {"error": "crashed: the process that reads documents does not start"}
                    return
                continue
            break
        post.worker = worker
        post.deadline = time.monotonic() + (request.limits.timeout_s if worker.is_ready else START_S)
        selector.register(worker.channel, selectors.EVENT_READ, post)

    def _worker(self, memory_mb: int) -> Worker:
        while self._idle:
            worker = self._idle.popleft()
            if worker.is_alive and worker.memory_mb == memory_mb:
                return worker
            worker.close()
        return Worker(memory_mb)

    def _listen(self, selector: selectors.BaseSelector, away_s: float) -> None:
        """Wait until something was answered or somebody's time is over; time in which nobody listened does not count."""
        posts: list[_Post[Any]] = [key.data for key in selector.get_map().values()]
        for post in posts:
            post.deadline += away_s
        rest = min(post.deadline for post in posts) - time.monotonic()
        for key, _ in selector.select(max(0.0, rest)):
            self._hear(key.data, selector)
        for post in posts:
            if post.answer is None and time.monotonic() >= post.deadline and post.worker is not None:
                selector.unregister(post.worker.channel)
                post.worker.close()
                post.answer = _timed_out(post)

    def _hear(self, post: _Post[A], selector: selectors.BaseSelector) -> None:
        worker = post.worker
        if worker is None:
            return
        was_ready = worker.is_ready
        try:
            post.answer = worker.answer()
        except (EOFError, OSError):
            selector.unregister(worker.channel)
            code = worker.close()
            is_late = code == -signal.SIGALRM  # by its own clock, which does not wait for us
            post.answer = _timed_out(post) if is_late else {"error": _ending(code), "limit": True}
            return
        except NonsenseError:
            selector.unregister(worker.channel)
            worker.close()
            post.answer = {"error": "crashed: its reader answered nonsense"}
            return
        if worker.is_ready and not was_ready:
            post.deadline = time.monotonic() + post.assignment.request.limits.timeout_s
        elif post.answer is None and not post.is_answering:
            post.is_answering, post.deadline = True, time.monotonic() + SEND_S
        if post.answer is not None:
            selector.unregister(worker.channel)
            post.answer = _explained(post.answer, post.assignment.request)
            if post.answer.get("last"):
                worker.close()
            else:
                self._idle.append(worker)


def _explained(answer: Answer, request: Request) -> Answer:
    error = answer.get("error")
    if isinstance(error, str) and error.startswith("out of memory"):
        return {**answer, "error": f"out of memory: more than {request.limits.max_memory_mb} MB needed", "limit": True}
    return answer


def _timed_out(post: _Post[Any]) -> Answer:
    is_ready = post.worker is not None and post.worker.is_ready
    limit = post.assignment.request.limits.timeout_s if is_ready else START_S
    return {"error": f"timed out: not read within {limit:g} s", "limit": True}


def _ending(code: int) -> str:
    if code >= 0:
        return f"crashed: its reader ended with code {code}"
    name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
    return f"crashed: its reader was ended by {name}"


def _dismiss(idle: deque[Worker]) -> None:
    while idle:
        idle.popleft().close()
