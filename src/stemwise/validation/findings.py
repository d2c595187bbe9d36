"""One thing to know of a set: how grave it is, where it is, what to do."""

from collections.abc import Iterable
from dataclasses import dataclass

ERROR, WARNING, NOTE = "error", "warning", "note"
SEVERITIES = (ERROR, WARNING, NOTE)


@dataclass(frozen=True)
class Finding:
    """`severity`: error (training may not start), warning or note. `check`: one or two words, the same for all findings
    of a kind. `songs`: ids, none where it is about the whole set. `file`: its path, "" where it is about no file."""

    severity: str
    check: str
    what: str
    cure: str
    songs: tuple[str, ...] = ()
    file: str = ""


def sort(findings: Iterable[Finding]) -> list[Finding]:
    """By severity, check, song."""
    return sorted(findings, key=lambda found: (SEVERITIES.index(found.severity), found.check, found.songs, found.file))


def may_train(findings: Iterable[Finding], strict: bool = False) -> bool:
    """Whether nothing forbids a training; `strict` counts warnings as errors."""
    forbidden = (ERROR, WARNING) if strict else (ERROR,)
    return not any(found.severity in forbidden for found in findings)


def groups(findings: Iterable[Finding]) -> list[tuple[Finding, int, int]]:
    """The first finding of each severity and check, how many there are, and in how many songs; ordered as by `sort`."""
    found: dict[tuple[str, str], list[Finding]] = {}
    for finding in sort(findings):
        found.setdefault((finding.severity, finding.check), []).append(finding)
    return [(many[0], len(many), len({song for one in many for song in one.songs})) for many in found.values()]
