"""MedleyDB, and anything in its form: `Audio/<ID>/` with stems and mix, one METADATA.yaml a song."""

import difflib
import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from stemwise import audio
from stemwise.datasets.base import Splits, read_splits, splits_by_artist
from stemwise.errors import DataError, StemwiseError
from stemwise.song import Song, Stem
from stemwise.taxonomy import check_label

NAME = "MedleyDB"
LICENCE = "CC BY-NC-SA 4.0 (audio on request; metadata MIT)"
CITATION = (
    "R. Bittner, J. Salamon, M. Tierney, M. Mauch, C. Cannam, J. P. Bello: MedleyDB: A Multitrack Dataset for "
    "Annotation-Intensive MIR Research. ISMIR 2014."
)
HOW_TO_GET = (
    "Ask for the audio at the MedleyDB site (Zenodo records of MedleyDB and MedleyDB 2.0) and unpack it so that the "
    "tree holds Audio/<ID>/<ID>_MIX.wav. Metadata of newer releases: point `metadata` at the folder of *_METADATA.yaml."
)


class MedleyDB:
    """Reader of one tree.

    `metadata`: a folder of `<ID>_METADATA.yaml`, where they do not lie beside the audio or in `<root>/Metadata`.
    `splits_file`: a JSON file of song ids a part; else `<root>/splits.json`; else a split by the hash of the artist.
    `skip`: ids of songs to leave out. `pad_short_stems`: let in songs whose stems differ in length, the shorter ones
    silent behind their end; without it they raise. `bleed`: whether songs marked as having bleed between stems are let
    in; their stems are never quite silent. The tree is read once, when first asked.
    """

    def __init__(
        self,
        root: str | Path,
        metadata: str | Path | None = None,
        splits_file: str | Path | None = None,
        skip: Sequence[str] = (),
        pad_short_stems: bool = False,
        bleed: bool = True,
    ) -> None:
        self.root = Path(root)
        self.metadata = Path(metadata) if metadata else self.root / "Metadata"
        self.splits_file = Path(splits_file) if splits_file else None
        self.skip = frozenset(skip)
        self.pad_short_stems = pad_short_stems
        self.bleed = bleed

    def songs(self) -> list[Song]:
        """All songs by id. Raises DataError for a tree without songs, and for songs that cannot be used, naming all."""
        songs, findings = self._read
        if findings:
            raise DataError(
                f"{len(findings)} of {len(findings) + len(songs)} songs cannot be used:\n  "
                + "\n  ".join(findings.values())
                + f"\nMend them, or leave them out: data.skip=[{','.join(findings)}] "
                "(stemwise label: --skip ID)"
            )
        return songs

    def song(self, id: str) -> Song:
        """One song, without reading the others. Raises DataError when it is not there or cannot be used."""
        folder = next((folder for folder in self._folders() if folder.name == id), None)
        if folder is None:
            near = difflib.get_close_matches(id, [folder.name for folder in self._folders()], n=1, cutoff=0.3)
            raise DataError(f"{self.root}: has no song '{id}'{f', but {near[0]}' if near else ''}.")
        return self._song(folder)

    def splits(self) -> Splits:
        songs = self.songs()
        path = self.splits_file or self.root / "splits.json"
        if self.splits_file or path.is_file():
            left_out = self.skip | {folder.name for folder in self._folders()} - {song.id for song in songs}
            return read_splits(path, songs, left_out)
        return splits_by_artist(songs)

    def validate(self) -> list[str]:
        return list(self._read[1].values())

    @cached_property
    def _read(self) -> tuple[list[Song], dict[str, str]]:
        """The songs, and a finding for each id that cannot be used."""
        songs, findings = [], {}
        for folder in self._folders():
            try:
                song = self._song(folder)
            except StemwiseError as fault:
                findings[folder.name] = str(fault)
            else:
                songs += [song] if self.bleed or not song.bleed else []
        return songs, findings

    def _folders(self) -> list[Path]:
        base = self.root / "Audio"
        folders = (
            sorted(p for p in base.glob("*") if p.is_dir() and not p.name.startswith(".")) if base.is_dir() else []
        )
        folders = [folder for folder in folders if folder.name not in self.skip]
        if not folders:
            raise DataError(
                f"{NAME}: no audio under {self.root} (looked for Audio/<ID>/<ID>_MIX.wav). Arrange your stems, "
                "or ask for MedleyDB, as docs/datasets.md describes; or make songs with `stemwise synthesize` and use "
                "data=synthetic."
            )
        return folders

    def _song(self, folder: Path) -> Song:
        meta = read_metadata(self._metadata_file(folder))
        stems = tuple(self._stem(folder, meta, key) for key in sorted(meta["stems"]))
        infos = [audio.info(stem.path) for stem in stems]
        check_alike(folder.name, stems, infos, self.pad_short_stems)
        mix = inside(folder, meta.get("mix_filename") or f"{folder.name}_MIX.wav")
        return Song(
            id=folder.name,
            artist=str(meta.get("artist") or folder.name.split("_")[0]),
            title=str(meta.get("title") or folder.name),
            rate=infos[0].rate,
            samples=max(info.samples for info in infos),
            channels=max(info.channels for info in infos),
            stems=stems,
            mix=mix if mix.is_file() else None,
            bleed=str(meta.get("has_bleed", "no")).casefold() in ("yes", "true"),
        )

    def _metadata_file(self, folder: Path) -> Path:
        name = f"{folder.name}_METADATA.yaml"
        for path in (folder / name, self.metadata / name):
            if path.is_file():
                return path
        raise DataError(
            f"{folder}: no {name} beside the audio or in {self.metadata}. Put it there, name its folder with "
            f"data.metadata=..., or leave the song out with data.skip=[{folder.name}]."
        )

    def _stem(self, folder: Path, meta: Mapping[str, Any], key: str) -> Stem:
        entry = meta["stems"][key]
        where = f"{folder.name}, stem {key}"
        if not isinstance(entry, dict) or not entry.get("filename") or not entry.get("instrument"):
            raise DataError(f"{where}: the metadata needs `filename` and `instrument`, found {entry!r}.")
        given = entry["instrument"]
        labels = tuple(given) if isinstance(given, list) else (str(given),)
        for label in labels:
            check_label(label, where)
        path = inside(folder, meta.get("stem_dir") or f"{folder.name}_STEMS", entry["filename"])
        if not path.is_file():
            raise DataError(
                f"{where}: no file {path}. Restore it, or leave the song out with data.skip=[{folder.name}]."
            )
        return Stem(key, labels, path)


def read_metadata(path: Path) -> dict[str, Any]:
    """The YAML of one song. Raises DataError when it cannot be parsed or lists no stems."""
    try:
        meta = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as fault:
        raise DataError(
            f"{path}: not readable as YAML ({' '.join(str(fault).split())}). Correct or restore it."
        ) from fault
    if not isinstance(meta, dict) or not isinstance(meta.get("stems"), dict) or not meta["stems"]:
        raise DataError(f"{path}: lists no stems (expected `stems: {{S01: {{filename, instrument}}, ...}}`).")
    return meta


def inside(folder: Path, *parts: Any) -> Path:
    """`folder` joined with parts from metadata; DataError for what would leave the folder or is no text.

    Links are let be: whoever set a link in the tree meant it, while a name in somebody's metadata may mean harm.
    """
    if not all(isinstance(part, str) for part in parts):
        raise DataError(f"{folder.name}: file names must be text, found {parts!r}. Correct the metadata.")
    path = folder.joinpath(*parts)
    if not Path(os.path.normpath(path)).is_relative_to(os.path.normpath(folder)):
        raise DataError(f"{folder.name}: '{Path(*parts)}' points outside the song's folder. Correct the metadata.")
    return path


def check_alike(song: str, stems: Sequence[Stem], infos: Sequence[audio.AudioInfo], pad_short_stems: bool) -> None:
    """Raise DataError unless all stems have one rate, one length (or may be padded), samples, and 1 or 2 channels."""
    first = infos[0]
    for stem, info in zip(stems, infos, strict=True):
        if info.rate != first.rate:
            raise DataError(
                f"{song}: {stem.path.name} has {info.rate} Hz, {stems[0].path.name} has {first.rate} Hz. "
                "Resample one of them."
            )
        if info.samples == 0:
            raise DataError(f"{song}: {stem.path.name} holds no samples. Restore it, or skip the song.")
        if info.channels > 2:
            raise DataError(f"{song}: {stem.path.name} has {info.channels} channels; stems must be mono or stereo.")
        if info.samples != first.samples and not pad_short_stems:
            raise DataError(
                f"{song}: {stem.path.name} has {info.samples} samples, {stems[0].path.name} has {first.samples}. "
                "Restore the file, or accept silence behind the shorter ends with data.pad_short_stems=true."
            )
