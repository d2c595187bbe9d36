"""Songs that two sets share: by artist and title, and by their sound where the names differ."""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stemwise import audio
from stemwise.errors import AudioError
from stemwise.files import beside, fingerprint
from stemwise.home import data_home
from stemwise.landmarks import Index, Landmarks, landmarks
from stemwise.parallel import each
from stemwise.song import Song
from stemwise.texts import spelling

log = logging.getLogger(__name__)

VERSION = 1  # raise it when the landmarks change, so that no stale cache is read
SHARE = 0.08  # of the landmarks of the shorter song that fit. Mixes in another balance have more, other songs less
NO_TITLES = ("song", "track", "untitled")  # as synthesised songs have; they are known by their sound
FEWEST = 40  # landmarks that fit; what is too short for them is known by its name only


@dataclass(frozen=True)
class Shared:
    """A song of one set that another holds under the id `also`; `by` says how it is known again."""

    id: str
    also: str
    by: str


def shared_by_name(ours: Iterable[Song], theirs: Iterable[Song]) -> list[Shared]:
    """Equal artist and title, or equal id, in letters and digits; each song that has them. Who calls a song by its
    artist is found by sound."""
    named: dict[str, list[str]] = {}
    for song in theirs:
        for name in _names(song):
            named.setdefault(name, []).append(song.id)
    found = ((song.id, dict.fromkeys(id for name in _names(song) for id in named.get(name, ()))) for song in ours)
    return [Shared(id, also, "name") for id, others in found for also in others]


def shared_by_sound(
    ours: Sequence[Song],
    theirs: Sequence[Song],
    processes: int = 1,
    progress: Callable[[float], None] = lambda share: None,
) -> list[Shared]:
    """Songs that sound alike at one distance in time, however they are mixed, cut or encoded (`stemwise.landmarks`)."""
    if not ours or not theirs:
        return []
    marks: dict[tuple[int, str], Landmarks] = {}
    wanted = {(side, song.id): song for side, songs in enumerate((ours, theirs)) for song in songs}
    for number, (key, found) in enumerate(each(song_landmarks, wanted, processes), start=1):
        marks[key] = found
        progress(number / len(wanted))
    known = {song.id: marks[1, song.id] for song in theirs}
    index = Index(known)
    out = []
    for song in ours:
        mine = marks[0, song.id]
        enough = {also: max(FEWEST, SHARE * min(len(mine), len(theirs))) for also, theirs in known.items()}
        out += [Shared(song.id, also, "sound") for also, fits in index.find(mine).items() if fits >= enough[also]]
    return out


def shared(
    ours: Sequence[Song],
    theirs: Sequence[Song],
    processes: int = 1,
    progress: Callable[[float], None] = lambda share: None,
) -> list[Shared]:
    """By name, and by sound: a song may be there again under another name. By sound only what no name told."""
    found = shared_by_name(ours, theirs)
    named = {(one.id, one.also) for one in found}
    heard = shared_by_sound(ours, theirs, processes, progress)
    return found + [one for one in heard if (one.id, one.also) not in named]


def song_landmarks(song: Song, cache: Path | None = None) -> Landmarks:
    """Landmarks of the mix, or of the mixture where there is none, cached by its files in `data/landmarks` of the home
    folder or in `cache`."""
    files = [song.mix] if song.mix else [stem.path for stem in song.stems]
    path = (cache or data_home() / "landmarks") / f"{song.id}-{fingerprint(files, VERSION)}.npy"
    try:
        return np.asarray(np.load(path))
    except (OSError, ValueError, EOFError):
        pass
    marks = landmarks(*_heard(song))
    with beside(path) as part:
        np.save(part, marks)
    return marks


def _heard(song: Song) -> tuple[audio.Samples, int]:
    """The mix; the mixture where there is none, or one that cannot be read, since nothing else may need it."""
    if song.mix is None:
        return song.mixture(), song.rate
    try:
        return audio.read(song.mix)
    except AudioError as fault:
        if song.remains:
            raise
        log.warning("%s: its stems are compared instead (%s)", song.id, fault)
        return song.mixture(), song.rate


def _names(song: Song) -> list[str]:
    if spelling(song.title) in NO_TITLES:
        return []
    return [spelling(song.artist) + "_" + spelling(song.title), spelling(song.id)]
