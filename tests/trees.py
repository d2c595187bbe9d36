"""MedleyDB trees of tones and noise, made without the synthesizer."""

import json
from pathlib import Path

import numpy as np
import soundfile
import yaml

RATE = 44100
INSTRUMENTS = ("electric bass", "drum set", "female singer", "violin")
IDS = ("Ann_One", "Bob_Two", "Cyd_Three")


def stem_audio(instrument: str, seconds: float, seed: int, rate: int = RATE) -> np.ndarray:
    """(sample, 2): a tone or noise of its own for each instrument, silent for a quarter of the time."""
    rng = np.random.default_rng((seed, len(instrument)))
    time = np.arange(round(seconds * rate)) / rate
    pitch = {"electric bass": 60, "female singer": 500, "violin": 1500}.get(instrument)
    if pitch:
        sound = 0.2 * np.sin(2 * np.pi * pitch * 2 ** (rng.integers(12) / 12) * time)
    else:
        sound = 0.2 * rng.standard_normal(len(time)) * np.exp(-8 * (time % 0.25))
    quarter = INSTRUMENTS.index(instrument) if instrument in INSTRUMENTS else 0
    sound[int(quarter * len(time) / 4) : int((quarter + 1) * len(time) / 4)] = 0
    return np.stack([sound, 0.7 * sound], axis=1)


def write_song(
    root: Path, id: str, stems: list[tuple[str | list[str], np.ndarray]], artist: str, rate: int = RATE
) -> Path:
    """A song of (instrument, (sample, channel)) stems, 16 bit wav; returns its folder."""
    folder = root / "Audio" / id
    (folder / f"{id}_STEMS").mkdir(parents=True)
    entries = {}
    for number, (instrument, audio) in enumerate(stems, start=1):
        name = f"{id}_STEM_{number:02d}.wav"
        soundfile.write(folder / f"{id}_STEMS" / name, audio, rate, subtype="PCM_16")
        entries[f"S{number:02d}"] = {"component": "", "filename": name, "instrument": instrument, "raw": {}}
    length = min(len(audio) for _, audio in stems)
    soundfile.write(folder / f"{id}_MIX.wav", sum(audio[:length] for _, audio in stems), rate, subtype="PCM_16")
    meta = {
        "artist": artist, "title": id, "has_bleed": "no", "mix_filename": f"{id}_MIX.wav",
        "stem_dir": f"{id}_STEMS", "raw_dir": f"{id}_RAW", "stems": entries,
    }  # fmt: skip
    (folder / f"{id}_METADATA.yaml").write_text(yaml.safe_dump(meta))
    return folder


def make_tree(root: Path, seconds: float = 4.0, rate: int = RATE) -> Path:
    for number, id in enumerate(IDS):
        stems = [(name, stem_audio(name, seconds, number, rate)) for name in INSTRUMENTS]
        write_song(root, id, stems, id.split("_")[0], rate)
    splits = dict(zip(("train", "valid", "test"), ([id] for id in IDS), strict=True))
    (root / "splits.json").write_text(json.dumps(splits))
    return root


def edit_metadata(folder: Path, change) -> None:
    """Apply `change(meta)` to a song's YAML."""
    path = folder / f"{folder.name}_METADATA.yaml"
    meta = yaml.safe_load(path.read_text())
    change(meta)
    path.write_text(yaml.safe_dump(meta))
