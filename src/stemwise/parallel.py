"""The same work for many things, in several processes or in this one."""

import os
import signal
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import suppress
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from threading import Event, Thread
from typing import TypeVar

Key = TypeVar("Key")
Item = TypeVar("Item")
Result = TypeVar("Result")


class Ended(KeyboardInterrupt):
    """This process alone was told to end, where Ctrl-C tells its workers too."""


def each(work: Callable[[Item], Result], items: Mapping[Key, Item], processes: int = 1) -> Iterator[tuple[Key, Result]]:
    """(key, work(item)) in the order in which they are done. An exception of any ends all.

    `work` and the items must be picklable for more than one process, and a script must call this under
    `if __name__ == "__main__"`.
    """
    if processes <= 1 or len(items) <= 1:
        for key, item in items.items():
            yield key, work(item)
        return
    with ProcessPoolExecutor(min(processes, len(items)), get_context("spawn"), _begin_worker) as pool:
        futures = {pool.submit(_unless_ended, work, item): key for key, item in items.items()}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BaseException as fault:
            if isinstance(fault, Ended):
                for worker in list(pool._processes or ()):
                    with suppress(OSError):  # it ended by itself
                        os.kill(worker, signal.SIGINT)
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def end_with_caller() -> None:
    """A worker whose caller was killed would wait for work for ever."""
    caller = parent_process()

    def watch() -> None:
        if caller is not None:
            wait([caller.sentinel])
            os._exit(1)

    Thread(target=watch, daemon=True).start()


_ended = Event()


def _begin_worker() -> None:
    """One that was interrupted would begin what was handed to it already."""
    end_with_caller()
    signal.signal(signal.SIGINT, _interrupted)


def _interrupted(*_: object) -> None:
    _ended.set()
    raise KeyboardInterrupt


def _unless_ended(work: Callable[[Item], Result], item: Item) -> Result:
    if _ended.is_set():
        raise KeyboardInterrupt
    return work(item)
