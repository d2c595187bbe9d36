"""A tree in which nearly everything is wrong that can be."""

from pathlib import Path

import numpy as np
import soundfile

from tests.trees import RATE, edit_metadata, make_tree, stem_audio, write_song


def stem_file(root: Path, id: str, number: int) -> Path:
    return root / "Audio" / id / f"{id}_STEMS" / f"{id}_STEM_{number:02d}.wav"


def respoil(path: Path, change, subtype: str = "PCM_16") -> None:
    """Write the file anew with its samples (sample, channel) changed."""
    audio, rate = soundfile.read(path, always_2d=True)
    soundfile.write(path, change(audio.copy()), rate, subtype=subtype)


def full_scale(audio):
    """Runs of 3 and 40 samples that the writer clips to the largest and the smallest integer."""
    audio[1000:1003, 0], audio[2000:2040, 1] = 1.0, -1.0
    return audio


def unsound(audio):
    audio[100, 0], audio[200:203, 1] = np.nan, np.inf
    return audio


def make_spoiled(root: Path) -> Path:
    """Ann_One: clipped, offset, mix far from the sum. Bob_Two: a silent stem, one twice, a mix of another length.
    Cyd_Three: labels that say nothing. Dee_Four: NaN. Eve_Five: the stems of Bob_Two. Fay_Six: a stem is missing.
    ClaraBerryAndWooldog_Boys: in MedleyDB's errata."""
    make_tree(root)
    respoil(stem_file(root, "Ann_One", 1), full_scale)
    respoil(stem_file(root, "Ann_One", 2), lambda audio: audio + 0.02)
    noise = 0.1 * np.random.default_rng(0).standard_normal((4 * RATE, 2))
    respoil(root / "Audio" / "Ann_One" / "Ann_One_MIX.wav", lambda audio: audio + noise)
    respoil(stem_file(root, "Bob_Two", 3), lambda audio: 0 * audio)
    stem_file(root, "Bob_Two", 4).write_bytes(stem_file(root, "Bob_Two", 1).read_bytes())
    respoil(root / "Audio" / "Bob_Two" / "Bob_Two_MIX.wav", lambda audio: audio[:-100])

    def unknown(meta):
        meta["stems"]["S03"]["instrument"], meta["stems"]["S04"]["instrument"] = "Main System", "other instrument"

    edit_metadata(root / "Audio" / "Cyd_Three", unknown)
    for number, id in enumerate(("Dee_Four", "Fay_Six", "ClaraBerryAndWooldog_Boys"), start=7):
        level = 1 - number / 100  # a tone may have the pitch of another song's, and the same samples
        stems = [
            (name, level * stem_audio(name, 4.0, number)) for name in ("electric bass", "drum set", "female singer")
        ]
        write_song(root, id, stems, id.partition("_")[0])
    respoil(stem_file(root, "Dee_Four", 1), unsound, "FLOAT")
    stem_file(root, "Fay_Six", 2).unlink()
    twin = [("electric bass", soundfile.read(stem_file(root, "Bob_Two", n))[0]) for n in (1, 2, 3)]
    write_song(root, "Eve_Five", twin, "Eve")
    return root
