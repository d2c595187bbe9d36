"""The same work for many things, in several processes or in this one."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
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
    with ProcessPoolExecutor(min(processes, len(items)), get_context("spawn")) as pool:
        futures = {pool.submit(work, item): key for key, item in items.items()}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
