"""Several workers that take items until none is left."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
Start = Callable[[int, threading.Event], AbstractContextManager[Callable[[Item], Result]]]
"""Of a worker's number, from 0, and the event that ends it: what takes an item to its result."""


class Stopped(Exception):  # noqa: N818 - asked for, and no error
    """A worker was asked to stop."""


def results(
    items: Sequence[Item], workers: int, start: Start[Item, Result]
) -> Iterator[tuple[Item, Result]]:
    """Each item with its result, as they come; a single worker works in the caller's thread.

    Raises:
        BaseException: The first error of a worker; the others are stopped.
    """
    stop = threading.Event()
    if min(workers, len(items)) <= 1:
        if items:
            with start(0, stop) as take:
                yield from ((item, take(item)) for item in items)
        return
    waiting: queue.SimpleQueue[Item] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[Item, Result] | BaseException] = queue.SimpleQueue()
    for item in items:
        waiting.put(item)
    given = (start, waiting, done, stop)
    numbers = range(min(workers, len(items)))
    threads = [threading.Thread(target=_work, args=(n, *given), daemon=True) for n in numbers]
    for thread in threads:
        thread.start()
    try:
        for _ in items:
            yield _raised(done.get())
        for thread in threads:
            thread.join()
        while not done.empty():  # how a worker ended
            _raised(done.get())
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _work(
    number: int,
    start: Start[Item, Result],
    waiting: queue.SimpleQueue[Item],
    done: queue.SimpleQueue[tuple[Item, Result] | BaseException],
    stop: threading.Event,
) -> None:
    try:
        with start(number, stop) as take:
            while not stop.is_set():
                try:
                    item = waiting.get_nowait()
                except queue.Empty:
                    return
                done.put((item, take(item)))
    except BaseException as error:  # raised again in the caller's thread
        done.put(error)


def _raised(found: tuple[Item, Result] | BaseException) -> tuple[Item, Result]:
    if isinstance(found, BaseException):
        raise found
    return found
