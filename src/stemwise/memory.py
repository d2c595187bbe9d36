"""How this process deals with memory that was freed."""

import ctypes
import sys

# Parameters of mallopt in glibc's malloc.h.
TRIM_THRESHOLD, MMAP_MAX = -1, -4
NEVER = -1


def keep_freed_memory() -> bool:
    """Let glibc keep freed blocks for the next allocation; False where there is no glibc.

    It gives blocks above 32 MB back to the system at once. A training step on a CPU asks for dozens of them, and has
    every page of each cleared anew (what that costs: `bench/bench_relative.py`).
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    return mallopt is not None and bool(mallopt(MMAP_MAX, 0) and mallopt(TRIM_THRESHOLD, NEVER))
