"""What `make results` runs: the trainings of results/study.yaml that are not done yet, then the tables of RESULTS.md.

python -m src.results [--jobs 2] [--only iass ...] [--list] [--tables]

One that is interrupted writes no tables: they take minutes, and what is scored by then is kept. --tables writes them.
"""

import argparse
import logging
import signal
import sys
from dataclasses import replace
from pathlib import Path

from stemwise.errors import DataError
from stemwise.experiment import configs
from stemwise.experiment.runs import commit
from stemwise.memory import keep_freed_memory
from stemwise.study.plan import read_plan
from stemwise.study.queue import Queue, settings_by_hydra
from stemwise.study.write import write_results

CLONE = Path(__file__).resolve().parents[1]
RESULTS = CLONE / "results"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m src.results", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--jobs", type=at_least_one, default=1, help="trainings side by side, each with its share of the cores"
    )
    parser.add_argument("--only", nargs="+", default=(), metavar="NAME", help="trainings, or all seeds of one")
    parser.add_argument("--list", action="store_true", help="say what is left and do nothing")
    parser.add_argument("--tables", action="store_true", help="write RESULTS.md from what is there, train nothing")
    asked = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    configs.register_resolvers()
    keep_freed_memory()
    stop_when_told()
    with configs.in_a_sentence("What was begun goes on with the same command."):
        plan = read_plan(RESULTS / "study.yaml")
        whole = Queue(plan, RESULTS, settings_by_hydra(str(CLONE / "conf")), asked.jobs)
        queue = replace(whole, plan=plan.only(tuple(asked.only))) if asked.only else whole
        for unit, questions in queue.left():
            logging.info("left: %s on %s", unit.name, ", ".join(question.name for question in questions))
        if asked.list:
            return
        faults: list[str] = []
        if not asked.tables:
            clean(commit())
            faults = queue.run()
        write_results(RESULTS, CLONE / "RESULTS.md", frozenset(whole.done()))
        if faults:
            sys.exit("error: not done:\n" + "\n".join(faults))


def stop_when_told() -> None:
    """End on SIGTERM as on Ctrl-C, and the trainings with it: where the queue alone dies, the next one would train into
    folders that are still written to."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)


def clean(state: str) -> None:
    """Raise DataError where files differ from the commit: what they make could not be said."""
    if state.endswith("+"):
        raise DataError(f"files differ from commit {state[:-1]}. Commit them, or put them aside, and call again.")


def at_least_one(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no number of trainings; give 1 or more")
    return int(text)


if __name__ == "__main__":
    main()
