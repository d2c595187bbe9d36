"""A song → its facts, kept under the home folder while its files stay as they are."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from stemwise.files import fingerprint, write_json
from stemwise.labels import song_confidence
from stemwise.parallel import each
from stemwise.song import Song
from stemwise.validation.facts import Apart, FileFacts, SongFacts
from stemwise.validation.meter import Difference, FileMeter

VERSION = 2  # raise it when the facts change, so that no stale ones are read


def measure_songs(
    songs: Sequence[Song], folder: Path, processes: int = 1, progress: Callable[[float], object] | None = None
) -> dict[str, SongFacts]:
    """Song id → facts, in the order of the songs; read from `folder` where neither files nor labels have changed.

    `progress(share)` is called after each song. Each song is kept when it is done, so an interrupted run goes on.
    """
    places = {song.id: _place(song, folder) for song in songs}
    found = {id: facts for id, place in places.items() if (facts := _read(place))}
    missing = {song.id: (song, places[song.id]) for song in songs if song.id not in found}
    for id, facts in each(_measure_and_keep, missing, processes):
        found[id] = facts
        if progress:
            progress(len(found) / len(songs))
    return {song.id: found[song.id] for song in songs}


def measure(song: Song) -> SongFacts:
    """Every file of the song read once, side by side; and once more for the activity, where the cache lacks it."""
    stems, mix, apart = _files(song)
    shares, labels = _activity(song) if all(stem.sound for stem in stems) else ((), {})
    return SongFacts(song.id, stems, mix, apart, shares, labels)


def _files(song: Song) -> tuple[tuple[FileFacts, ...], FileFacts | None, Apart | None]:
    meters = [FileMeter(stem.path) for stem in song.stems]
    mix = FileMeter(song.mix) if song.mix else None
    comparable = mix is not None and _fits(song, mix.facts())
    wide = max(song.channels, mix.facts().channels if mix else 1)
    difference = Difference(wide)
    while True:
        blocks = [meter.next() for meter in meters]
        mixed = mix.next() if mix else None
        if mixed is None and all(block is None for block in blocks):
            break
        if comparable and mixed is not None:
            difference.add(mixed, blocks)
    stems, mix_facts = tuple(meter.facts() for meter in meters), mix.facts() if mix else None
    sound = comparable and all(facts.sound for facts in (*stems, mix_facts) if facts)
    return stems, mix_facts, difference.result() if sound else None


def _fits(song: Song, mix: FileFacts) -> bool:
    """Whether the mix can be held against the stems; of more than two channels nobody knows which are which."""
    return (mix.rate, mix.samples) == (song.rate, song.samples) and mix.channels <= 2


def _activity(song: Song) -> tuple[tuple[float, ...], dict[str, float]]:
    active = song_confidence(song) >= 0.5
    labels = {label: [row for row, stem in zip(active, song.stems, strict=True) if stem.label == label]
              for label in dict.fromkeys(stem.label for stem in song.stems)}  # fmt: skip
    together = {label: float(np.any(rows, axis=0).mean()) for label, rows in labels.items()}
    return tuple(float(row.mean()) for row in active), together


def _place(song: Song, folder: Path) -> Path:
    paths = [stem.path for stem in song.stems] + ([song.mix] if song.mix else [])
    labels = [(stem.id, stem.label) for stem in song.stems]
    return folder / f"{song.id}-{fingerprint(paths, song.id, labels, song.samples, song.channels, VERSION)}.json"


def _measure_and_keep(wanted: tuple[Song, Path]) -> SongFacts:
    song, place = wanted
    facts = measure(song)
    write_json(place, facts.to_json())
    return facts


def _read(place: Path) -> SongFacts | None:
    """None where there is nothing, or something damaged, which is then made anew."""
    try:
        return SongFacts.from_json(json.loads(place.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
