"""stemwise doctor"""

import json
from typing import Annotated

import typer

from stemwise.cli.common import say


def command(as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False) -> None:
    """Say what is installed, where things will be put, and which device and precision would be used, and why."""
    from stemwise.health import examine

    findings = examine()
    if as_json:
        print(json.dumps([{"what": f.what, "found": f.found, "advice": f.advice} for f in findings], indent=2))
        return
    width = max(len(finding.what) for finding in findings)
    for finding in findings:
        say(f"{finding.what:{width}}  {finding.found}")
        if finding.advice:
            say(f"{'':{width}}  → {finding.advice}")
