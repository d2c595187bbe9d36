"""Work in several processes."""

import signal
import subprocess
import sys
import time

SCRIPT = """
import sys, time
from pathlib import Path
from stemwise.cli.common import ended_as_by_an_interrupt
from stemwise.parallel import each

def work(path):
    Path(path).touch()
    try:
        time.sleep(300)
    finally:
        Path(path).unlink()

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    try:
        with ended_as_by_an_interrupt():
            list(each(work, {n: str(folder / f"{n}.half") for n in range(4)}, 2))
    except KeyboardInterrupt:
        sys.exit(130)
"""


def test_what_ends_the_caller_ends_its_workers_who_clean_up(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    with subprocess.Popen([sys.executable, str(tmp_path / "script.py"), str(tmp_path)]) as process:
        deadline = time.monotonic() + 120
        while len(list(tmp_path.glob("*.half"))) < 2:
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=120) == 130
    assert not list(tmp_path.glob("*.half"))
