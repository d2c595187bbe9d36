"""A validated set in the terminal."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from stemwise.cli.common import say
from stemwise.texts import count
from stemwise.validation import ERROR, NOTE, WARNING, Validation
from stemwise.validation.findings import groups
from stemwise.validation.levels import far
from stemwise.validation.summary import Range, Summary

MOST = 12  # instruments of the table; the page has them all
COLOURS = {ERROR: "red", WARNING: "yellow", NOTE: "cyan"}


def show(found: Validation) -> None:
    """The set in figures, its instruments and targets, and what was found: errors in full, the rest by an example."""
    console = Console(width=110)
    table = Table(title=Text(found.where), show_header=False, title_justify="left")
    for name, value in _figures(found):
        table.add_row(name, Text(value))
    console.print(table)
    if found.songs:
        console.print(_instruments(found.summary))
        console.print(_targets(found.summary))
    if found.findings:
        console.print(_findings(found))
    for finding in found.findings:
        if finding.severity == ERROR:
            where = ", ".join(finding.songs)
            where = f"{where}: " if where and not finding.what.startswith(where) else ""
            file = f"{finding.file}: " if finding.file and finding.file not in finding.what else ""
            say(f"error: {where}{file}{finding.what.rstrip('.')}. {finding.cure}".rstrip())


def _figures(found: Validation) -> list[tuple[str, str]]:
    summary = found.summary
    rows = [("read as", f"{found.name} (kind {found.kind})"), ("songs", f"{summary.songs}, {summary.hours:.2f} hours")]
    if found.songs:
        rows += [
            ("sample rates", _values(summary.rates, " Hz")),
            ("channels", _values(summary.channels, "")),
            ("seconds of a song", _range(summary.seconds, 1)),
            ("stems of a song", _range(summary.stems, 0)),
            ("mix minus sum of stems", _apart(summary)),
        ]
    for part in summary.parts:
        size = f"{count(len(part.songs), 'song')}, {part.hours:.2f} hours, {count(len(part.artists), 'artist')}"
        rows.append((part.name, f"{size}: {', '.join(part.artists[:4])}{', ...' if len(part.artists) > 4 else ''}"))
    if summary.words:
        mapped = [f"{word} → {labels}" for word, (labels, _) in list(summary.words.items())[:4]]
        rows.append(
            (f"{len(summary.words)} words mapped", f"{'; '.join(mapped)}{'; ...' if len(summary.words) > 4 else ''}")
        )
    return [*rows, (f"licence, if it is {found.name}", found.licence), ("to cite then", found.citation)]


def _instruments(summary: Summary) -> Table:
    table = Table("instrument", "songs", "stems", "active share of all", "hours active")
    for row in summary.instruments[:MOST]:
        table.add_row(Text(row.label), str(row.songs), str(row.stems), f"{row.share:.2f}", f"{row.hours:.2f}")
    if len(summary.instruments) > MOST:
        table.add_row(f"and {len(summary.instruments) - MOST} more", "", "", "", "")
    return table


def _targets(summary: Summary) -> Table:
    annotated = any(row.annotated for row in summary.targets)
    more = ("only annotated", "and plays") if annotated else ()
    table = Table("target", "known in songs", "known and plays", *more, *(f"in {part.name}" for part in summary.parts))
    for row in summary.targets:
        counts = (row.known, row.playing, *((row.annotated, row.heard) if annotated else ()), *row.parts.values())
        table.add_row(Text(row.name), *map(str, counts))
    return table


def _findings(found: Validation) -> Table:
    table = Table("", "what", "how often", "songs", "for example")
    for first, often, songs in groups(found.findings):
        where = f"{first.songs[0]}: " if len(first.songs) == 1 else ""
        severity = Text(first.severity, style=COLOURS[first.severity])
        table.add_row(severity, first.check, str(often), str(songs or ""), Text(where + first.what))
    return table


def _values(table: dict[int, int], unit: str) -> str:
    if len(table) == 1:
        return f"{next(iter(table))}{unit}"
    return ", ".join(f"{value}{unit} in {count(songs, 'song')}" for value, songs in table.items())


def _range(found: Range, digits: int) -> str:
    return f"{found.low:.{digits}f} to {found.high:.{digits}f}, median {found.middle:.{digits}f}"


def _apart(summary: Summary) -> str:
    if summary.apart is None:
        return "could be told of no song"
    low, middle, high = (far(value) for value in (summary.apart.low, summary.apart.middle, summary.apart.high))
    return f"{low} to {high} dB, median {middle} dB, in {count(summary.apart_songs, 'song')}"
