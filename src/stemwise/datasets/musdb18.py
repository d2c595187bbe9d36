"""MUSDB18 as published first: `{train,test}/<Artist - Title>.stem.mp4`, five AAC streams in a file."""

import json
import logging
import os
import subprocess
from pathlib import Path

from stemwise import audio
from stemwise.datasets.musdb import STEMS, SUFFIX, Musdb
from stemwise.errors import DataError
from stemwise.ffmpeg import put_ffmpeg_on_path
from stemwise.files import beside, fingerprint
from stemwise.home import data_home

NAME = "MUSDB18"
LICENCE = "for academic purposes; each song under a licence of its own"
CITATION = (
    "Z. Rafii, A. Liutkus, F.-R. Stöter, S. I. Mimilakis, R. Bittner: The MUSDB18 corpus for music separation. 2017. "
    "doi:10.5281/zenodo.1117372"
)
HOW_TO_GET = (
    "Download musdb18.zip from Zenodo (record 1117372) and unpack it so that the tree holds "
    "train/<Artist - Title>.stem.mp4. Folders of wav files are another set: data=musdb18hq."
)
LOOKS_LIKE = ("train/*.stem.mp4", "test/*.stem.mp4")

STREAMS = ("mixture", "drums", "bass", "other", "vocals")
MAY_LACK = 2048  # samples: two AAC frames, which a decoder may take for padding
VERSION = 1  # raise it when decoding changes, so that no stale files are read

log = logging.getLogger(__name__)


class Musdb18(Musdb):
    """Reader of one tree, or of a part of it; settings are those of `Musdb`.

    A song is decoded when it is first read, into flac files of 16 bit under `data/decoded` of the home folder, named by
    the stem file's fingerprint; from then on they are what is read.
    """

    name = NAME
    looked_for = f"{{train,test}}/<Artist - Title>{SUFFIX}"
    how_to_get = HOW_TO_GET
    restore = f"It was decoded from the {SUFFIX}: remove the folder it should be in, so that this is done anew"

    def _places(self, part: Path) -> list[Path]:
        return sorted(path for path in part.glob(f"*{SUFFIX}") if not path.name.startswith("."))

    def _files(self, id: str, place: Path) -> dict[str, Path]:
        folder = decoded(place, id)
        return {name: folder / f"{name}.flac" for name in (*STEMS, "mixture")}


def decoded(mp4: Path, id: str) -> Path:
    """The folder with a flac file a stream, made first where there is none of this mp4.

    Raises DataError for what is no file of five streams or ends early, MissingExtra without ffmpeg.
    """
    folder = data_home() / "decoded" / f"{id}-{fingerprint([mp4], VERSION)}"
    if not folder.is_dir():
        log.info("decoding %s, once, into %s", mp4.name, folder)
        put_ffmpeg_on_path()
        with beside(folder, keep=True) as part:
            part.mkdir()
            _decode(mp4, id, part)
    return folder


def _decode(mp4: Path, id: str, folder: Path) -> None:
    lengths = _lengths(mp4, id)
    command = ["ffmpeg", "-v", "error", "-nostdin", "-xerror", "-i", f"file:{mp4}"]
    for index, name in enumerate(STREAMS):
        # Cut where the stream says that it ends: what is behind it is the encoder's, and only newer ffmpegs drop it.
        command += ["-map", f"0:a:{index}", "-af", f"atrim=end_sample={lengths[index]}"]
        command += ["-sample_fmt", "s16", f"file:{folder / f'{name}.flac'}"]
    _run(command, mp4, id)
    for length, name in zip(lengths, STREAMS, strict=True):
        path = folder / f"{name}.flac"
        have = audio.info(path).samples
        if have < length - MAY_LACK:
            raise _unusable(mp4, id, f"{name} ends after {have} of {length} samples")
        # So that labels and prepared audio outlive a cache that is removed and decoded anew.
        os.utime(path, ns=(mp4.stat().st_atime_ns, mp4.stat().st_mtime_ns))


def _lengths(mp4: Path, id: str) -> list[int]:
    """Samples of each of the five streams, as the file says."""
    asked = "-v error -select_streams a -show_entries stream=sample_rate,duration -of json"
    shown = _run(["ffprobe", *asked.split(), f"file:{mp4}"], mp4, id)
    streams = json.loads(shown).get("streams", [])
    if len(streams) != len(STREAMS):
        raise _unusable(mp4, id, f"{len(streams)} audio streams instead of {', '.join(STREAMS)}")
    try:
        return [round(float(stream["duration"]) * int(stream["sample_rate"])) for stream in streams]
    except (KeyError, ValueError) as fault:
        raise _unusable(mp4, id, "it does not say how long its streams are") from fault


def _run(command: list[str], mp4: Path, id: str) -> str:
    shown = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if shown.returncode:
        said = shown.stderr.strip().splitlines()
        raise _unusable(mp4, id, f"{command[0]}: {said[-1] if said else f'ended with {shown.returncode}'}")
    return shown.stdout


def _unusable(mp4: Path, id: str, why: str) -> DataError:
    return DataError(
        f"{id}: {mp4} cannot be decoded ({why}). Make room if the disk is full; else download it again, or leave "
        f"the song out with data.skip=[{id}]."
    )
