"""The same work for many things, in several processes or in this one."""

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from threading import Thread
from typing import TypeVar

Key = TypeVar("Key")
Item = TypeVar("Item")
Result = TypeVar("Result")


def each(work: Callable[[Item], Result], items: Mapping[Key, Item], processes: int = 1) -> Iterator[tuple[Key, Result]]:
    """(key, work(item)) in the order in which they are done. An exception of any ends all.

    `work` and the items must be picklable for more than one process, and a script must call this under
    `if __name__ == "__main__"`.
    """
    if processes <= 1 or len(items) <= 1:
        for key, item in items.items():
            yield key, work(item)
        return
    with ProcessPoolExecutor(min(processes, len(items)), get_context("spawn"), end_with_caller) as pool:
        futures = {pool.submit(work, item): key for key, item in items.items()}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BaseException:
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
