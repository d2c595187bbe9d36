"""What iass_small and open_unmix_small learn in the same minutes: validation error of the separation against time.

python bench/bench_learning.py [MINUTES] [MODEL...], after `make demo`, whose songs it learns from; alone on the
machine, since the clock decides. Each net first makes 100 steps, to know how many fit; then it is trained anew with
that many, as the demo is.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd

from stemwise.experiment.runs import read_curves
from stemwise.report.canvas import BLUE, ORANGE, PURPLE, new_figure, png

CLONE = Path(__file__).resolve().parents[1]
TRIAL = 100
WITHOUT_ACTIVITY = ("model=open_unmix_small", "gate=off", "loss.weights.activity=0")
NETS = {
    "iass_small": ("model=iass_small",),
    "iass_light": ("model=iass_light",),
    "open_unmix_small": WITHOUT_ACTIVITY,
}


def train(run: Path, words: tuple[str, ...], steps: int) -> pd.DataFrame:
    """Train the demo with `words`; its curves."""
    settings = ["experiment=demo", *words, f"trainer.max_steps={steps}", f"hydra.run.dir={run}", "gate_may_lose=null"]
    subprocess.run([sys.executable, "-m", "src.train", *settings], cwd=CLONE, check=True)
    return read_curves(run)


def curve(log: pd.DataFrame) -> pd.DataFrame:
    """Columns seconds, separation: the better of the step and the average of the weights."""
    lines = log.dropna(subset=["time/seconds"])
    return pd.DataFrame(
        {
            "seconds": lines["time/seconds"],
            "separation": lines[["val/separation", "averaged/separation"]].min(axis=1),
        }
    )


def learn(name: str, seconds: float, folder: Path) -> pd.DataFrame:
    trial = curve(train(folder / f"{name}_trial", NETS[name], TRIAL))
    one = (trial["seconds"].iloc[-1] - trial["seconds"].iloc[0]) / (TRIAL / 2)
    steps = round(seconds / one / 50) * 50
    found = curve(train(folder / name, NETS[name], steps))
    print(
        f"{name}: {steps} steps, {found['seconds'].iloc[-1]:.0f} s, error {found['separation'].min():.4f}", flush=True
    )
    return found


def main() -> None:
    seconds = 60 * float(sys.argv[1]) if sys.argv[1:] else 300.0
    names = sys.argv[2:] or ["iass_small", "open_unmix_small"]
    figure = new_figure(3.5)
    axes = figure.add_subplot()
    with tempfile.TemporaryDirectory() as folder:
        curves = {name: learn(name, seconds, Path(folder)) for name in names}
    for (name, found), colour in zip(curves.items(), (BLUE, ORANGE, PURPLE), strict=False):
        axes.plot(found["seconds"], found["separation"], color=colour, label=name)
    axes.set_xlabel("seconds of training")
    axes.set_ylabel("validation error of the separation,\nof the mixture's energy")
    axes.set_yscale("log")
    axes.grid(alpha=0.3, which="both")
    axes.legend(frameon=False)
    (CLONE / "bench" / "learning.png").write_bytes(png(figure, 100))
    last = {name: found["separation"].min() for name, found in curves.items()}
    print(f"ratio of errors, {names[-1]} / {names[0]}: {last[names[-1]] / last[names[0]]:.3f}")


if __name__ == "__main__":
    main()
