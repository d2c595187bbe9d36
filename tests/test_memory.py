"""In processes of their own: the setting lasts as long as the process."""

import subprocess
import sys

import pytest

from stemwise import memory

FAULTS = """
import resource
import torch
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def allocate():
    torch.ones(10_000_000)  # 40 MB, above what glibc would keep by itself
for _ in range(12):
    allocate()
before = faults()
for _ in range(10):
    allocate()
print(faults() - before)
"""
GROWTH = """
import ctypes
libc = ctypes.CDLL(None)
libc.malloc.restype = libc.sbrk.restype = ctypes.c_void_p
libc.malloc.argtypes, libc.free.argtypes = [ctypes.c_size_t], [ctypes.c_void_p]
libc.free(libc.malloc(3 * 2**30))  # never touched, so it takes no memory
end = libc.sbrk(0)
libc.malloc(2**31 + 2**29)
print(libc.sbrk(0) - end)
"""
KEEP = "from stemwise.memory import keep_freed_memory as keep; kept = keep()\n"


def printed(code: str) -> int:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.fixture(scope="module", autouse=True)
def glibc():
    if not printed(KEEP + "print(int(kept))"):
        pytest.skip("no glibc here: nothing to set")


def test_freed_blocks_are_used_again():
    assert printed(KEEP + FAULTS) < 0.05 * printed(FAULTS)


def test_so_are_blocks_beyond_two_gigabytes():
    """The heap does not grow for what was freed before."""
    assert printed(KEEP + GROWTH) == 0


def test_elsewhere_nothing_is_done(monkeypatch):
    monkeypatch.setattr(memory.sys, "platform", "darwin")
    assert not memory.keep_freed_memory()
