"""What `make demo` runs: songs, training, scores and a page, each by the command a user would type.

`python -m src.demo baseline` goes on, as `make baseline` does: Open-Unmix on the same songs, and both in one table.
"""

import shlex
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil

from stemwise.files import merge_json
from stemwise.home import data_home, runs_home

SONGS = data_home() / "synthetic" / "demo"
RUN = runs_home() / "demo"
BASELINE = RUN.with_name("demo_baseline")
STEMWISE = str(Path(sys.executable).with_name("stemwise"))
STAGES = {
    "songs": [STEMWISE, "synthesize", "--preset", "demo", "--out", str(SONGS)],
    "training": [sys.executable, "-m", "src.train", "experiment=demo"],
    "scores": [sys.executable, "-m", "src.eval", f"run={RUN}"],
}
BASELINE_STAGES = {
    "training": [sys.executable, "-m", "src.train", "experiment=demo_baseline"],
    "scores": [sys.executable, "-m", "src.eval", f"run={BASELINE}", "report=false"],
    "both": [sys.executable, "-m", "src.eval", f"run={RUN}", f"against=[{BASELINE}]", f"out={BASELINE / 'both'}"],
}


class PeakMemory(threading.Thread):
    """The largest memory seen, in bytes, of a process and its children together: the sum of what is theirs alone and
    their share of what they have in common, where the system tells (Linux), else of their resident sizes."""

    def __init__(self, process: int, every: float = 0.5) -> None:
        super().__init__(daemon=True)
        self.process, self.every, self.peak = psutil.Process(process), every, 0
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.wait(self.every):
            try:
                family = [self.process, *self.process.children(recursive=True)]
                self.peak = max(self.peak, sum(map(_bytes, family)))
            except psutil.Error:
                continue  # a child ended between the listing and the look

    def stop(self) -> int:
        self.ended.set()
        self.join()
        return self.peak


def _bytes(process: psutil.Process) -> int:
    try:
        memory = process.memory_full_info()
    except psutil.AccessDenied:  # macOS tells only of one's own processes
        return int(process.memory_info().rss)
    return int(getattr(memory, "pss", memory.rss))


def run_stage(name: str, command: list[str]) -> dict[str, float]:
    """Seconds and peak memory (GB) of one stage. Exits with the stage's own code when it fails."""
    shown = shlex.join(Path(word).name if word in (sys.executable, STEMWISE) else word for word in command)
    print(f"\n== {name}: {shown}", flush=True)
    began = time.monotonic()
    with subprocess.Popen(command) as process:
        memory = PeakMemory(process.pid)
        memory.start()
        try:
            code = process.wait()
        except KeyboardInterrupt:
            code = process.wait()
        peak = memory.stop()
    if code:
        sys.exit(code)
    return {"seconds": round(time.monotonic() - began, 1), "peak_memory_gb": round(peak / 1e9, 2)}


def main() -> None:
    if sys.argv[1:] == ["baseline"]:
        stages = {name: run_stage(name, command) for name, command in BASELINE_STAGES.items()}
        merge_json(BASELINE / "summary.json", {"stages": stages})
        print(f"\nOpen {BASELINE / 'both' / 'page.html'}")
        return
    stages = {name: run_stage(name, command) for name, command in STAGES.items()}
    total = round(sum(stage["seconds"] for stage in stages.values()), 1)
    peak = max(stage["peak_memory_gb"] for stage in stages.values())
    merge_json(RUN / "summary.json", {"stages": stages, "seconds": total, "peak_memory_gb": peak})
    print(f"\n{total / 60:.1f} min, {peak:.1f} GB at most. Open {RUN / 'page.html'}")
    print(f"Then: .venv/bin/stemwise separate your_song.mp3 --out separated   (uses {RUN / 'model.safetensors'})")


if __name__ == "__main__":
    main()
