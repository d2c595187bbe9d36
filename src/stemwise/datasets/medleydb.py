"""MedleyDB, and anything in its form: `Audio/<ID>/` with stems and mix, one METADATA.yaml a song."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from stemwise.datasets.base import Splits, splits_by_artist
from stemwise.datasets.folders import SongFolders, make_song, subfolders
from stemwise.errors import DataError
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

LOOKS_LIKE = ("Audio/*/",)


class MedleyDB(SongFolders):
    """Reader of one tree; other sets in this form subclass it.

    `metadata`: a folder of `<ID>_METADATA.yaml`, where they do not lie beside the audio or in `<root>/Metadata`. Splits
    are those of `splits_file`; else of `<root>/splits.json`; else by the hash of the artist. The other settings are
    those of `SongFolders`.
    """

    name = NAME
    cure = (
        "Arrange your stems, or ask for MedleyDB, as docs/datasets.md describes; or make songs with "
        "`stemwise synthesize` and use data=synthetic."
    )

    def __init__(
        self,
        root: str | Path,
        metadata: str | Path | None = None,
        splits_file: str | Path | None = None,
        skip: Sequence[str] = (),
        pad_short_stems: bool = False,
        bleed: bool = True,
    ) -> None:
        super().__init__(str(root), splits_file, skip, pad_short_stems, bleed)
        self.root = Path(root)
        self.metadata = Path(metadata) if metadata else self.root / "Metadata"

    def splits(self) -> Splits:
        path = self.splits_file or self.root / "splits.json"
        if self.splits_file or path.is_file():
            return self._splits_of(path)
        return splits_by_artist(self.songs())

    def _find(self) -> dict[str, Path]:
        return {folder.name: folder for folder in subfolders(self.root / "Audio")}

    def _nothing(self) -> str:
        return f"{self.name}: no audio under {self.root} (looked for Audio/<ID>/<ID>_MIX.wav). {self.cure}"

    def _song(self, id: str, folder: Path) -> Song:
        meta = read_metadata(self._metadata_file(folder))
        stems = [stem for key in sorted(meta["stems"]) if (stem := self._stem(folder, meta, key))]
        if not stems:
            raise DataError(f"{id}: all of its stems are left out. Leave out the song too: data.skip=[{id}].")
        return make_song(
            id,
            self._artist(id, meta),
            str(meta.get("title") or id),
            stems,
            inside(folder, meta.get("mix_filename") or f"{id}_MIX.wav"),
            self.pad_short_stems,
            bleed=str(meta.get("has_bleed", "no")).casefold() in ("yes", "true"),
        )

    def _artist(self, id: str, meta: Mapping[str, Any]) -> str:
        return str(meta.get("artist") or id.partition("_")[0])

    def _labels(self, given: Sequence[str], where: str) -> tuple[str, ...]:
        """Labels of the taxonomy for those of the metadata; none leaves the stem out. Raises DataError for unknown
        ones."""
        for label in given:
            check_label(label, where)
        return tuple(given)

    def _metadata_file(self, folder: Path) -> Path:
        name = f"{folder.name}_METADATA.yaml"
        for path in (folder / name, self.metadata / name):
            if path.is_file():
                return path
        raise DataError(
            f"{folder}: no {name} beside the audio or in {self.metadata}. Put it there, name its folder with "
            f"data.metadata=..., or leave the song out with data.skip=[{folder.name}]."
        )

    def _stem(self, folder: Path, meta: Mapping[str, Any], key: str) -> Stem | None:
        entry = meta["stems"][key]
        where = f"{folder.name}, stem {key}"
        if not isinstance(entry, dict) or not entry.get("filename") or not entry.get("instrument"):
            raise DataError(f"{where}: the metadata needs `filename` and `instrument`, found {entry!r}.")
        given = entry["instrument"] if isinstance(entry["instrument"], list) else [str(entry["instrument"])]
        labels = self._labels(given, where)
        if not labels:
            return None
        path = inside(folder, meta.get("stem_dir") or f"{folder.name}_STEMS", entry["filename"])
        if not path.is_file():
            raise DataError(
                f"{where}: no file {path}. Restore it, or leave the song out with data.skip=[{folder.name}]."
            )
        return Stem(key, labels, path, " + ".join(given) if len(labels) > len(given) else "")


def read_metadata(path: Path, entry: str = "filename, instrument") -> dict[str, Any]:
    """The YAML of one song. Raises DataError when it cannot be parsed or lists no stems; each of them needs `entry`."""
    try:
        meta = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as fault:
        raise DataError(
            f"{path}: not readable as YAML ({' '.join(str(fault).split())}). Correct or restore it."
        ) from fault
    if not isinstance(meta, dict) or not isinstance(meta.get("stems"), dict) or not meta["stems"]:
        raise DataError(f"{path}: lists no stems (expected `stems: {{S01: {{{entry}}}, ...}}`).")
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
