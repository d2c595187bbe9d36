"""A set in figures."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from stemwise.datasets.base import Splits
from stemwise.labels import unknown_activity, unknown_targets
from stemwise.song import Song
from stemwise.taxonomy import Targets
from stemwise.validation.facts import SongFacts


@dataclass(frozen=True)
class Range:
    low: float
    middle: float
    high: float


@dataclass(frozen=True)
class InstrumentRow:
    """`share`: of the time of the songs that have it, in which any of its stems is active; `hours` of that."""

    label: str
    songs: int
    stems: int
    share: float
    hours: float


@dataclass(frozen=True)
class TargetRow:
    """Songs in which a target is known, in which it is known and plays, in which nothing but annotations tells of it,
    and in which these let it play; `parts`: songs of each part in which it plays by its stems or by annotations."""

    name: str
    known: int
    playing: int
    parts: dict[str, int]
    annotated: int = 0
    heard: int = 0


@dataclass(frozen=True)
class PartRow:
    name: str
    songs: tuple[str, ...]
    artists: tuple[str, ...]
    hours: float


@dataclass(frozen=True)
class Summary:
    """`rates`, `channels`: value → songs. `seconds`, `stems`: lowest, median and highest of a song. `apart`: of mix
    minus sum, in dB, over the songs where it could be told. `words`: of the metadata → (labels, songs)."""

    songs: int
    hours: float
    rates: dict[int, int]
    channels: dict[int, int]
    seconds: Range
    stems: Range
    bleed: int
    incomplete: int
    apart: Range | None
    apart_songs: int
    instruments: tuple[InstrumentRow, ...]
    targets: tuple[TargetRow, ...]
    parts: tuple[PartRow, ...]
    words: dict[str, tuple[str, int]]


def summarise(
    songs: Sequence[Song], facts: Mapping[str, SongFacts], targets: Targets, splits: Splits | None
) -> Summary:
    apart = [one.decibels for song in songs if (one := facts[song.id].apart)]
    return Summary(
        songs=len(songs),
        hours=_hours(songs),
        rates=dict(sorted(Counter(song.rate for song in songs).items())),
        channels=dict(sorted(Counter(song.channels for song in songs).items())),
        seconds=_range([song.seconds for song in songs]),
        stems=_range([len(song.stems) for song in songs]),
        bleed=sum(song.bleed for song in songs),
        incomplete=sum(not song.complete for song in songs),
        apart=_range(apart) if apart else None,
        apart_songs=len(apart),
        instruments=_instruments(songs, facts),
        targets=_targets(songs, facts, targets, splits),
        parts=_parts(songs, splits),
        words=_words(songs),
    )


def _range(values: Sequence[float]) -> Range:
    return Range(min(values), median(values), max(values)) if values else Range(0, 0, 0)


def _hours(songs: Sequence[Song]) -> float:
    return sum(song.seconds for song in songs) / 3600


def _instruments(songs: Sequence[Song], facts: Mapping[str, SongFacts]) -> tuple[InstrumentRow, ...]:
    """The most frequent first. A file of several instruments is a row of its own."""
    rows = []
    stems = Counter(stem.label for song in songs for stem in song.stems)
    for label, count in stems.items():
        having = [song for song in songs if any(stem.label == label for stem in song.stems)]
        measured = [
            (facts[song.id].label_shares[label], song.seconds) for song in having if facts[song.id].label_shares
        ]
        active = sum(share * seconds for share, seconds in measured)
        time = sum(seconds for _, seconds in measured)
        rows.append(InstrumentRow(label, len(having), count, active / time if time else 0.0, active / 3600))
    return tuple(sorted(rows, key=lambda row: (-row.songs, row.label)))


def _targets(
    songs: Sequence[Song], facts: Mapping[str, SongFacts], targets: Targets, splits: Splits | None
) -> tuple[TargetRow, ...]:
    known = {song.id: ~unknown_targets(song, targets) for song in songs}
    told = {song.id: ~unknown_activity(song, targets) for song in songs}
    rows = []
    for index, name in enumerate(targets.names):
        playing = {song.id for song in songs if known[song.id][index] and _plays(song, facts[song.id], targets, index)}
        annotated = [song for song in songs if told[song.id][index] and not known[song.id][index]]
        heard = {song.id for song in annotated if _heard(song, targets, index)}
        parts = {part: len((playing | heard).intersection(ids)) for part, ids in (splits or {}).items()}
        known_in = sum(bool(row[index]) for row in known.values())
        rows.append(TargetRow(name, known_in, len(playing), parts, len(annotated), len(heard)))
    return tuple(rows)


def _heard(song: Song, targets: Targets, index: int) -> bool:
    return any(each.segments and targets.of_labels(each.instruments) == {index} for each in song.annotations)


def _plays(song: Song, facts: SongFacts, targets: Targets, index: int) -> bool:
    shares = zip(song.stems, facts.stem_shares, strict=False)
    return any(share > 0 and index in targets.of_labels(stem.instruments) for stem, share in shares)


def _parts(songs: Sequence[Song], splits: Splits | None) -> tuple[PartRow, ...]:
    by_id = {song.id: song for song in songs}
    return tuple(
        PartRow(part, tuple(ids), tuple(sorted({by_id[id].artist for id in ids})), _hours([by_id[id] for id in ids]))
        for part, ids in (splits or {}).items()
    )


def _words(songs: Sequence[Song]) -> dict[str, tuple[str, int]]:
    """The most frequent first."""
    labels: dict[str, str] = {}
    having: dict[str, set[str]] = {}
    for song in songs:
        for stem in song.stems:
            if stem.words:
                word = " + ".join(stem.words)
                labels[word] = " or ".join(stem.instruments)
                having.setdefault(word, set()).add(song.id)
    return {
        word: (labels[word], len(having[word])) for word in sorted(having, key=lambda word: (-len(having[word]), word))
    }
