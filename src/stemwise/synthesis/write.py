"""A produced song → the files of one MedleyDB song folder."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import soundfile
import yaml

from stemwise.files import beside, write_text
from stemwise.synthesis.produce import Pcm
from stemwise.synthesis.render import RATE, part_midi
from stemwise.synthesis.score import Part, Score

COMPONENTS = {"vocals": "melody", "bass": "bass"}


def song_id(preset: str, number: int) -> str:
    """The artist's name stands before the underscore, as in MedleyDB; every song has its own artist."""
    return f"{preset.capitalize()}{number + 1:04d}_Song"


def write_song(audio: Path, name: str, score: Score, stems: Sequence[Pcm], mix: Pcm) -> None:
    """Write the folder `audio`/`name` with stems, mix, metadata and MIDI, whole or not at all."""
    with beside(audio / name) as folder:
        for part, stem, file in zip(score.parts, stems, stem_names(name, score), strict=True):
            _write_wav(folder / f"{name}_STEMS" / f"{file}.wav", stem)
            midi = folder / f"{name}_MIDI" / f"{file}.mid"
            midi.parent.mkdir(exist_ok=True)
            midi.write_bytes(part_midi(score, part))
        _write_wav(folder / f"{name}_MIX.wav", mix)
        content = yaml.safe_dump(metadata(name, score), sort_keys=True, allow_unicode=True)
        write_text(folder / f"{name}_METADATA.yaml", content)


def stem_names(name: str, score: Score) -> list[str]:
    return [f"{name}_STEM_{number:02d}" for number in range(1, len(score.parts) + 1)]


def metadata(name: str, score: Score) -> dict[str, Any]:
    """Every key that MedleyDB's metadata have; yes and no are strings there."""
    from stemwise import __version__

    sung = any(part.kind == "vocals" for part in score.parts)
    artist = name.partition("_")[0]
    return {
        "album": "Stemwise synthetic songs",
        "artist": artist,
        "composer": [artist],
        "excerpt": "no",
        "genre": score.genre,
        "has_bleed": "no",
        "instrumental": "no" if sung else "yes",
        "mix_filename": f"{name}_MIX.wav",
        "origin": "Stemwise",
        "producer": [artist],
        "raw_dir": f"{name}_RAW",
        "stem_dir": f"{name}_STEMS",
        "stems": {
            f"S{number:02d}": _stem(part, file)
            for number, (part, file) in enumerate(zip(score.parts, stem_names(name, score), strict=True), start=1)
        },
        "title": score.title,
        "version": __version__,
        "website": [],
    }


def _stem(part: Part, file: str) -> dict[str, Any]:
    component = COMPONENTS.get(part.kind, "")
    return {"component": component, "filename": f"{file}.wav", "instrument": part.patch.label, "raw": {}}


def _write_wav(path: Path, pcm: Pcm) -> None:
    """Integers are written as they are; through floats libsndfile would scale them by 32767 / 32768."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, pcm.T, RATE, subtype="PCM_16")
