"""Two workers or more, forked from a process that has run nothing, that do tasks and tell what came of each."""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

Task = Any
Told = dict[str, Any]


@dataclass(slots=True)
class _Worker:
    child: int
    orders: TextIO
    answers: TextIO


def work(tasks: Sequence[Task], do: Callable[[Task, int], Told], *, workers: int = 2) -> Iterator[Told]:
    """Yield what `do` says of each task (values that JSON can hold), as soon as it is done.

    Args:
        tasks: What is to be done; anything, as workers are forked and know it already.
        do: Does one task; its second argument is the number of the worker, from 0.
        workers: How many work at the same time.

    Raises:
        RuntimeError: If a worker failed otherwise than by telling so.
    """
    crew = [_hire(tasks, do, number) for number in range(min(workers, len(tasks)))]
    try:
        yield from _lead(crew, len(tasks))
    finally:
        for worker in crew:
            worker.orders.close()
            os.kill(worker.child, signal.SIGTERM)
            os.waitpid(worker.child, 0)
            worker.answers.close()


def _lead(crew: list[_Worker], count: int) -> Iterator[Told]:
    waiting = iter(range(count))
    busy = {}
    for worker in crew:
        _order(worker, next(waiting))
        busy[worker.answers] = worker
    while busy:
        for answers in select.select(list(busy), [], [])[0]:
            worker = busy.pop(answers)
            line = answers.readline()
            if not line:
                raise RuntimeError("a worker died")
            told = json.loads(line)
            if "failed" in told:
                raise RuntimeError(told["failed"])
            number = next(waiting, None)
            if number is not None:
                _order(worker, number)
                busy[answers] = worker
            yield told


def _order(worker: _Worker, number: int) -> None:
    worker.orders.write(f"{number}\n")
    worker.orders.flush()


def _hire(tasks: Sequence[Task], do: Callable[[Task, int], Told], number: int) -> _Worker:
    orders_in, orders_out = os.pipe()
    answers_in, answers_out = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        os.close(orders_out)
        os.close(answers_in)
        _serve(tasks, lambda task: do(task, number), os.fdopen(orders_in), os.fdopen(answers_out, "w"))
    os.close(orders_in)
    os.close(answers_out)
    return _Worker(child, os.fdopen(orders_out, "w"), os.fdopen(answers_in))


def _serve(tasks: Sequence[Task], do: Callable[[Task], Told], orders: TextIO, answers: TextIO) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for line in orders:
        try:
            told = do(tasks[int(line)])
        except BaseException:  # noqa: BLE001 - the leader tells it
            told = {"failed": traceback.format_exc()}
        answers.write(json.dumps(told) + "\n")
        answers.flush()
    os._exit(0)
