"""Small trees in the true layout of each dataset."""

import csv
import hashlib
import json
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import yaml

from stemwise.datasets.folder import Folder
from stemwise.datasets.medleydb import MedleyDB
from stemwise.datasets.musdb18hq import Musdb18HQ
from stemwise.ffmpeg import put_ffmpeg_on_path
from tests.trees import RATE, edit_metadata, make_tree, stem_audio, write_song

MUSDB = {"train": ("ANiMAL - Rockshow", "Bob's Band - It's Two & Three"), "test": ("Cyd (feat. Dee) - Three",)}
SOUNDS = {"bass": "electric bass", "drums": "drum set", "other": "violin", "vocals": "female singer"}
STREAMS = ("mixture", "drums", "bass", "other", "vocals")
SECRETS = {"Fay_One": "Fay", "Gus_Two": "Gus", "MR1101_HalAndIda": "MR1101"}


def make_musdb(root: Path, songs: dict[str, tuple[str, ...]] = MUSDB, seconds: float = 4.0) -> None:
    """24 bit, to see that no depth gets lost."""
    for part, names in songs.items():
        for number, name in enumerate(names):
            (folder := root / part / name).mkdir(parents=True)
            stems = {stem: stem_audio(sound, seconds, number) for stem, sound in SOUNDS.items()}
            for stem, audio in {**stems, "mixture": sum(stems.values())}.items():
                soundfile.write(folder / f"{stem}.wav", audio, RATE, subtype="PCM_24")


def make_stem_files(root: Path, songs: dict[str, tuple[str, ...]] = MUSDB, seconds: float = 4.0) -> None:
    for part, names in songs.items():
        (root / part).mkdir(parents=True, exist_ok=True)
        for number, name in enumerate(names):
            (root / part / f"{name}.stem.mp4").write_bytes(stem_file(number, seconds))


@cache
def stem_file(number: int, seconds: float = 4.0, streams: tuple[str, ...] = STREAMS) -> bytes:
    """An mp4 of these AAC streams, as ffmpeg encodes them."""
    put_ffmpeg_on_path()
    stems = {stem: stem_audio(sound, seconds, number) for stem, sound in SOUNDS.items()}
    with tempfile.TemporaryDirectory() as folder:
        read, written = [], []
        for index, stem in enumerate(streams):
            path = Path(folder) / f"{stem}.wav"
            soundfile.write(path, sum(stems.values()) if stem == "mixture" else stems[stem], RATE)
            read, written = [*read, "-i", path], [*written, "-map", str(index)]
        out = Path(folder) / "song.mp4"
        command = ["ffmpeg", "-v", "error", *read, *written, "-c:a", "aac", "-b:a", "256k", out]
        subprocess.run(command, check=True)
        return out.read_bytes()


def make_secrets(root: Path, songs: dict[str, str] = SECRETS, seconds: float = 4.0) -> None:
    """Files under their own names, labels of no taxonomy, a mix as mp3, a room microphone that hears everybody."""
    for number, (id, artist) in enumerate(songs.items()):
        bass, drums, singer = (
            stem_audio(name, seconds, number) for name in ("electric bass", "drum set", "female singer")
        )
        named = [("electric bassDI", "12_BassDI.wav", bass), ("drum set", f"{id}_STEM_drums.wav", drums),
                 ("LeadVox", "21_LeadVox.wav", singer), ("Room", "04_Room.wav", bass + drums + singer)]  # fmt: skip
        folder = write_song(root, id, [(label, audio) for label, _, audio in named], artist)
        edit_metadata(folder, lambda meta, id=id, named=named: _as_secrets(meta, id, named))
        for old, (_, name, _) in zip(sorted((folder / f"{id}_STEMS").iterdir()), named, strict=True):
            old.rename(old.with_name(name))
        mix, rate = soundfile.read(folder / f"{id}_MIX.wav")
        soundfile.write(folder / f"{id}_MIX.mp3", mix, rate)
        (folder / f"{id}_MIX.wav").unlink()


def _as_secrets(meta, id: str, named: list[tuple[str, str, np.ndarray]]) -> None:
    meta.update(title=id.partition("_")[2], mix_filename=f"{id}_MIX.mp3", origin="Mixing Secrets")
    for entry, (_, name, _) in zip(meta["stems"].values(), named, strict=True):
        entry.update(filename=name, raw={"R010": {"filename": name, "instrument": "Thing"}})


def make_mms(root: Path) -> None:
    make_tree(root / "MedleyDB")
    make_secrets(root / "MixingSecrets")


def make_several(root: Path) -> None:
    """Named as the sets of `experiment=study_fonts`."""
    make_tree(root / "standard")
    make_musdb(root / "second")
    make_folder(root / "third")


# Folder → name of a file → what sounds in it; the second song has a rate of its own, mono and fewer stems.
FOLDERS = {
    "Ivy - One": {"01_Kick.wav": "drum set", "BassDI.flac": "electric bass", "Lead Vox.wav": "female singer"},
    "Jan - Two": {"bass.wav": "electric bass", "vocals.wav": "female singer"},
    "Kai & Lou - Three": {"Vox 1.wav": "female singer", "Vox 2.wav": "violin", "drums.wav": "drum set"},
}


def make_folder(root: Path, songs: dict[str, dict[str, str]] = FOLDERS, seconds: float = 4.0) -> None:
    for number, (name, files) in enumerate(songs.items()):
        (root / name).mkdir(parents=True)
        rate, channels = (48000, 1) if number == 1 else (RATE, 2)
        stems = {file: stem_audio(sound, seconds, number, rate)[:, :channels] for file, sound in files.items()}
        for file, audio in {**stems, "Mixture.wav": sum(stems.values())}.items():
            soundfile.write(root / name / file, audio, rate)


NOISE = np.random.default_rng(0).uniform(-0.1, 0.1, (800, 1))


def put(root, *files: str, rate: int = 8000, audio=NOISE):
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(root / file, audio, rate)
    return root


def held(root, id: str, **settings) -> dict[str, tuple[str, ...]]:
    return {stem.path.name: stem.instruments for stem in Folder(root, **settings).song(id).stems}


def make_manifest(root: Path, seconds: float = 4.0) -> None:
    """What `make_folder` makes, listed, so that no name means anything."""
    make_folder(root / "audio", seconds=seconds)
    with (root / "manifest.csv").open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["song", "path", "instrument", "artist", "title"])
        for name, sounds in FOLDERS.items():
            artist, _, title = name.partition(" - ")
            for file_name, sound in {**sounds, "Mixture.wav": "mix"}.items():
                lines.writerow([name, f"audio/{name}/{file_name}", sound, artist, title])


SLAKH = {"train/Track00001": "1a", "validation/Track01501": "2b", "test/Track01876": "3c"}
# What the metadata says of each stem; the last was never rendered.
SLAKH_STEMS = (
    ("electric bass", {"inst_class": "Bass", "midi_program_name": "Electric Bass (finger)", "program_num": 33,
                       "plugin_name": "scarbee_pre_bass.nkm"}),
    ("violin", {"inst_class": "Piano", "midi_program_name": "Acoustic Grand Piano", "program_num": 0,
                "plugin_name": "the_grandeur.nkm"}),
    ("drum set", {"inst_class": "Drums", "midi_program_name": "Drums", "program_num": 128, "is_drum": True,
                  "plugin_name": "pop_kit.nkm"}),
    ("", {"inst_class": "Sound effects", "midi_program_name": "Seashore", "program_num": 122, "plugin_name": "None"}),
)  # fmt: skip


def make_slakh(
    root: Path, tracks: dict[str, str] = SLAKH, suffix: str = ".flac", rate: int = RATE, seconds: float = 4.0
) -> None:
    """`tracks`: folder → the name of the MIDI file. Mono, as published."""
    for number, (place, source) in enumerate(tracks.items()):
        (folder := root / place / "stems").mkdir(parents=True)
        stems, sounds = {}, []
        for index, (sound, said) in enumerate(SLAKH_STEMS):
            stems[f"S{index:02d}"] = {"audio_rendered": bool(sound), "is_drum": False, "midi_saved": True, **said}
            if sound:
                sounds.append(stem_audio(sound, seconds, number, rate)[:, 0])
                soundfile.write(folder / f"S{index:02d}{suffix}", sounds[-1], rate, subtype="PCM_16")
        soundfile.write(root / place / f"mix{suffix}", sum(sounds), rate, subtype="PCM_16")
        meta = {"UUID": source, "audio_dir": "stems", "midi_dir": "MIDI", "normalized": True, "stems": stems}
        (root / place / "metadata.yaml").write_text(yaml.safe_dump(meta))


MOISES = {f"{number}a1b2c3d-0000-4000-8000-00000000000{number}": f"Artist {number}" for number in range(1, 4)}
MOISES_TRACKS = (
    ("electric bass", "bass", "bass_guitar"),
    ("drum set", "drums", "full_acoustic_drumkit"),
    ("female singer", "vocals", "lead_female_singer"),
    ("violin", "bowed_strings", "violin_(solo)"),
    ("female singer", "vocals", "background_vocals"),
)


def make_moises(root: Path, songs: dict[str, str] = MOISES, seconds: float = 4.0) -> None:
    """`songs`: uuid → artist. Two stems of vocals are listed apart, as the true files list some; no mix."""
    for number, (uuid, artist) in enumerate(songs.items()):
        (folder := root / "moisesdb_v0.1" / uuid).mkdir(parents=True)
        listed: list[dict] = []
        for index, (sound, stem, kind) in enumerate(MOISES_TRACKS):
            track = {
                "trackType": kind,
                "id": f"t{index}",
                "type": "audio/x-wav",
                "extension": "wav",
                "has_bleed": False,
            }
            (folder / stem).mkdir(exist_ok=True)
            soundfile.write(folder / stem / f"t{index}.wav", stem_audio(sound, seconds, 10 * number + index), RATE)
            listed.append({"id": f"s{index}", "stemName": stem, "tracks": [track]})
        data = {"song": f"Song {number}", "artist": artist, "genre": "rock", "stems": listed}
        (folder / "data.json").write_text(json.dumps(data))


# Id → artist, split01's part, and the relevance of what listeners were asked about.
OPENMIC = {
    "000046_3840": ("Nicky", "train", {"clarinet": 0.17, "guitar": 1.0, "violin": 0.5}),
    "000135_483840": ("Abo, the", "train", {"guitar": 0.0, "piano": 0.9}),
    "000178_3840": ("Mara", "test", {"voice": 0.8, "drums": 0.2}),
    "001139_119040": ("", "train", {"synthesizer": 0.7, "violin": 0.4}),
}


def make_openmic(
    root: Path, clips: dict[str, tuple[str, str, dict[str, float]]] = OPENMIC, seconds: float = 4.0
) -> None:
    """As unpacked, with mirdata's index of these clips beside. Metadata has the columns that its loader reads."""
    (root / "partitions").mkdir(parents=True)
    genres = "[{'genre_id': '76', 'genre_title': 'Pop'}]"
    rows = [[id.partition("_")[0], artist, genres, f"Song {id}" if artist else "", "http://x", id, 3.84]
            for id, (artist, _, _) in clips.items()]  # fmt: skip
    named = ["track_id", "artist_name", "track_genres", "track_title", "track_url", "sample_key", "start_time"]
    heard = [[id, name, share, 3] for id, (_, _, shares) in clips.items() for name, share in shares.items()]
    _write_csv(root / "openmic-2018-metadata.csv", [named, *rows])
    _write_csv(root / "openmic-2018-aggregated-labels.csv",
               [["sample_key", "instrument", "relevance", "num_responses"], *heard])  # fmt: skip
    for part in ("train", "test"):
        _write_csv(root / "partitions" / f"split01_{part}.csv", [[id] for id, clip in clips.items() if clip[1] == part])
    tracks = {}
    for number, id in enumerate(clips):
        audio, vggish = (root / kind / id[:3] / f"{id}.{end}" for kind, end in (("audio", "ogg"), ("vggish", "json")))
        for path in (audio, vggish):
            path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(audio, stem_audio("violin", seconds, number) + stem_audio("drum set", seconds, number), RATE)
        vggish.write_text('{"time_points": [0.0], "features": [[0]]}')
        tracks[id] = {"audio": _listed(root, audio), "vggish": _listed(root, vggish)}
    files = ["openmic-2018-metadata.csv", "openmic-2018-aggregated-labels.csv",
             "partitions/split01_train.csv", "partitions/split01_test.csv"]  # fmt: skip
    metadata = {file: _listed(root, root / file) for file in files}
    index = {"version": "1.0.0", "metadata": metadata, "tracks": tracks}
    (root / "openmic2018_index_1.0.json").write_text(json.dumps(index))


def _listed(root: Path, path: Path) -> list[str]:
    return [path.relative_to(root).as_posix(), hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()]


def _write_csv(path: Path, rows: list[list]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)


# By the reader's class; a new reader needs a line here.
MAKERS: dict[str, Callable[[Path], object]] = {
    "MedleyDB": make_tree,
    "Musdb18HQ": make_musdb,
    "MixingSecrets": make_secrets,
    "Mms": make_mms,
    "Folder": make_folder,
    "Manifest": make_manifest,
    "MoisesDB": make_moises,
    "Musdb18": make_stem_files,
    "OpenMic": make_openmic,
    "Several": make_several,
    "Slakh": make_slakh,
}
NO_STEMS = {"OpenMic"}  # readers whose songs are mixes
NEEDS = {"OpenMic": "mirdata"}  # the package that a reader cannot do without
STEMS_MAY_LACK = {"Folder"}  # readers that know of no stem but those that are there


def places(reader: str, root: Path) -> dict[str, Any]:
    """The settings that lead the reader to what its maker made at `root`."""
    if reader == "Mms":
        return {"medleydb": root / "MedleyDB", "mixing_secrets": root / "MixingSecrets"}
    if reader == "Several":
        return {"sets": {"standard": MedleyDB(root / "standard"), "second": Musdb18HQ(root / "second")}}
    return {"file" if reader == "Manifest" else "root": root}


def overrides(reader: str, root: Path) -> list[str]:
    """The same as words of a command line, with the tree made."""
    MAKERS[reader](root)
    if reader == "Several":
        return [f"++data.sets.{name}={root / name}" for name in ("standard", "second", "third")]
    return [f"data.{key}={path}" for key, path in places(reader, root).items()]
