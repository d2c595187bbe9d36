import sys

import pytest
from src import demo


def test_a_stage_is_timed_and_its_memory_seen_children_included():
    child = "x = bytearray(300_000_000); import time; time.sleep(1.5)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}], check=True)"
    seen = demo.run_stage("test", [sys.executable, "-c", parent])
    assert 1.4 < seen["seconds"] < 30 and 0.3 <= seen["peak_memory_gb"] < 1


def test_a_stage_that_fails_ends_the_demo_with_its_code():
    with pytest.raises(SystemExit) as ended:
        demo.run_stage("test", [sys.executable, "-c", "import sys; sys.exit(7)"])
    assert ended.value.code == 7
