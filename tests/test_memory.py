"""In processes of their own: the setting lasts as long as the process."""

import subprocess
import sys

import pytest

from stemwise import memory

FAULTS = """
import resource
import torch
from stemwise.memory import keep_freed_memory
{call}
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


def page_faults(call: str) -> int:
    done = subprocess.run([sys.executable, "-c", FAULTS.format(call=call)], capture_output=True, text=True, check=True)
    return int(done.stdout)


def test_freed_blocks_are_used_again():
    probe = subprocess.run(
        [sys.executable, "-c", "from stemwise.memory import keep_freed_memory as keep; print(keep())"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    if probe.stdout.strip() != "True":
        pytest.skip("no glibc here: nothing to set")
    assert page_faults("keep_freed_memory()") < 0.05 * page_faults("pass")


def test_elsewhere_nothing_is_done(monkeypatch):
    monkeypatch.setattr(memory.sys, "platform", "darwin")
    assert not memory.keep_freed_memory()
