"""What `make results` runs: the trainings of results/study.yaml that are not done yet, then the tables of RESULTS.md.

python -m src.results [--jobs 2] [--only iass ...] [--list] [--tables]
"""

import argparse
import logging
from pathlib import Path

from stemwise.experiment import configs
from stemwise.memory import keep_freed_memory
from stemwise.study.plan import read_plan
from stemwise.study.queue import Queue, settings_by_hydra
from stemwise.study.write import write_results

CLONE = Path(__file__).resolve().parents[1]
RESULTS = CLONE / "results"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m src.results", description=__doc__.partition("\n")[0])
    parser.add_argument("--jobs", type=int, default=1, help="trainings side by side, each with its share of the cores")
    parser.add_argument("--only", nargs="+", default=(), metavar="NAME", help="trainings, or all seeds of one")
    parser.add_argument("--list", action="store_true", help="say what is left and do nothing")
    parser.add_argument("--tables", action="store_true", help="write RESULTS.md from what is there, train nothing")
    asked = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    configs.register_resolvers()
    keep_freed_memory()
    with configs.in_a_sentence("What was begun goes on with the same command."):
        plan = read_plan(RESULTS / "study.yaml")
        queue = Queue(
            plan.only(tuple(asked.only)) if asked.only else plan,
            RESULTS,
            settings_by_hydra(str(CLONE / "conf")),
            asked.jobs,
        )
        for unit, questions in queue.left():
            logging.info("left: %s on %s", unit.name, ", ".join(question.name for question in questions))
        if asked.list:
            return
        if not asked.tables:
            queue.run()
        write_results(RESULTS, CLONE / "RESULTS.md")


if __name__ == "__main__":
    main()
