"""One session → one song in MedleyDB form: raws summed into stems, one scale for all, a mix, the activity."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from stemwise import audio
from stemwise.audio import Samples
from stemwise.convert.table import Row
from stemwise.errors import AudioError, DataError
from stemwise.files import new_array
from stemwise.labels import write_labels
from stemwise.song import Song, Stem
from stemwise.song_folder import Facts, Pcm, WrittenStem, write_song_folder

CEILING = 0.98  # of full scale: what the loudest sample of stems and mix may reach
SHORT = 1.0  # seconds by which a file may end before the longest without a word
SIXTEEN = ("PCM_16", "PCM_S8", "PCM_U8")


@dataclass(frozen=True)
class Session:
    """A session's rows that are used, where its files lie, and what it shall be called."""

    id: str
    folder: Path
    rows: tuple[Row, ...]

    @property
    def facts(self) -> Facts:
        named = next((row for row in self.rows if row.artist or row.title), self.rows[0])
        return Facts(named.artist or self.id, named.title or self.id, "", "converted by Stemwise")

    def path(self, row: Row) -> Path:
        return self.folder / row.session / row.file


@dataclass(frozen=True)
class Converted:
    """What became of a session; `scale`: dB by which every stem was lowered; `notes`: what its owner should know."""

    id: str
    stems: int
    seconds: float
    scale: float
    notes: tuple[str, ...]


def convert_session(session: Session, tree: Path, rate: int, format: str) -> Converted:
    """Write `tree`/Audio/<ID> and its labels in `tree`/Annotations. The stems sum to the mix exactly.

    Mono files go to the middle, or to their side; shorter ones are silent behind their end; other rates are resampled.
    Stems have 24 bits if any file has more than 16. Raises AudioError and DataError for files that cannot be used,
    naming all of them.
    """
    infos = _infos(session)
    length = max(-(-info.samples * rate // info.rate) for info in infos)
    channels = 2 if any(info.channels == 2 for info in infos) or any(row.side for row in session.rows) else 1
    with tempfile.TemporaryDirectory(dir=tree, prefix=".sums-", ignore_cleanup_errors=True) as room:
        sums = {}
        for number, (label, stem, rows) in enumerate(stems_of(session.rows)):
            total = new_array(Path(room) / f"{number}.npy", (channels, length))
            for row in rows:
                add(total, *audio.read(session.path(row)), row, rate)
            sums[stem] = (label, total, [row.file for row in rows])
        scale, peaks = scale_of([total for _, total, _ in sums.values()])
        wide = any(soundfile.info(session.path(row)).subtype not in SIXTEEN for row in session.rows)
        stems = [
            WrittenStem(label, to_pcm(total, scale, wide, Path(room) / f"{number}.pcm"), raw)
            for number, (label, total, raw) in enumerate(sums.values())
        ]
        mix = np.zeros((channels, length), dtype=np.int32)
        for each in stems:
            mix += each.samples
        mix = mix if wide else mix.astype(np.int16)
        write_song_folder(tree / "Audio", session.id, session.facts, stems, mix, rate, format)
    write_labels(_song(session, tree, stems, length, rate, format), tree / "Annotations")
    notes = [f"stem '{name}' is silent" for name, peak in zip(sums, peaks, strict=True) if peak == 0]
    notes += [
        f"{row.file} ends {gap:.1f} s before the longest"
        for row, info in zip(session.rows, infos, strict=True)
        if (gap := length / rate - info.seconds) > SHORT
    ]
    return Converted(session.id, len(stems), length / rate, 20 * float(np.log10(scale)), tuple(notes))


def stems_of(rows: Sequence[Row]) -> list[tuple[str, str, list[Row]]]:
    """(label, stem, its rows), in the order of the table. Raises DataError when one stem has two labels."""
    stems: dict[str, list[Row]] = {}
    for row in rows:
        stems.setdefault(row.stem, []).append(row)
    for stem, members in stems.items():
        labels = sorted({row.label for row in members})
        if len(labels) > 1:
            raise DataError(f"stem '{stem}' has the labels {', '.join(labels)}; one stem has one. Name two stems.")
    return [(members[0].label, stem, members) for stem, members in stems.items()]


def add(total: Samples, sound: Samples, rate: int, row: Row, to: int) -> None:
    """Add one file, (channel, sample) at `rate`, to the sum of its stem at the rate `to`."""
    sound = audio.resample(sound, rate, to) * np.float32(10 ** (row.gain / 20))
    if row.side and len(sound) != 1:
        raise DataError(f"{row.file}: is side {row.side} of a pair, but has {len(sound)} channels. Clear its side.")
    where = {"L": slice(0, 1), "R": slice(1, 2)}.get(row.side, slice(None))
    total[where, : sound.shape[1]] += audio.as_channels(sound, len(total[where]))


def scale_of(sums: Sequence[Samples]) -> tuple[float, list[float]]:
    """The factor, at most 1, that keeps stems and mix below the ceiling; and the peaks of stems."""
    mix = np.zeros_like(sums[0])
    for total in sums:
        mix += total
    peaks = [float(np.abs(total).max(initial=0.0)) for total in sums]
    loudest = max(*peaks, float(np.abs(mix).max(initial=0.0)))
    return min(1.0, CEILING / loudest) if loudest > 0 else 1.0, peaks


def to_pcm(total: Samples, scale: float, wide: bool, path: Path) -> Pcm:
    """Integers on the disk, since all stems of a long session need not fit into memory: 16 bits, or 24 in the upper
    bytes of 32."""
    full = 2**23 if wide else 2**15
    out = np.memmap(path, dtype=np.int32 if wide else np.int16, mode="w+", shape=total.shape)
    for index, channel in enumerate(total):
        whole = np.rint(channel.astype(np.float64) * (scale * full))
        out[index] = whole * 256 if wide else whole
    return out


def _infos(session: Session) -> list[audio.AudioInfo]:
    """Of every row. Raises DataError naming each file that cannot be used."""
    infos, faults = [], []
    for row in session.rows:
        try:
            have = audio.info(session.path(row))
        except AudioError as fault:
            faults.append(str(fault))
            continue
        if have.channels > 2 or not have.samples:
            what = f"has {have.channels} channels; mix it down to stereo" if have.samples else "is empty"
            faults.append(f"{row.file}: {what}, or label it 'ignore'.")
        infos.append(have)
    if faults:
        raise DataError("\n  ".join(faults))
    return infos


def _song(session: Session, tree: Path, stems: Sequence[WrittenStem], length: int, rate: int, format: str) -> Song:
    folder = tree / "Audio" / session.id / f"{session.id}_STEMS"
    files = tuple(
        Stem(f"S{number:02d}", (stem.instrument,), folder / f"{session.id}_STEM_{number:02d}.{format}")
        for number, stem in enumerate(stems, start=1)
    )
    channels = len(stems[0].samples)
    return Song(session.id, session.facts.artist, session.facts.title, rate, length, channels, files)
