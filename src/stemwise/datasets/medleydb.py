"""MedleyDB, and anything in its form: `Audio/<ID>/` with stems and mix, one METADATA.yaml a song."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stemwise.datasets.base import Splits
from stemwise.datasets.folders import SongFolders, check_text, inside, make_song, subfolders
from stemwise.errors import DataError
from stemwise.song import Song, Stem
from stemwise.taxonomy import check_label
from stemwise.texts import nfc, read_yaml

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

BLEED = {"yes": True, "true": True, "no": False, "false": False}


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
        return self._splits_at(self.root)

    def _find(self) -> dict[str, Path]:
        found: dict[str, Path] = {}
        for folder in subfolders(self.root / "Audio"):
            twin = found.setdefault(nfc(folder.name), folder)
            if twin != folder:
                raise DataError(
                    f"{folder} and another in {twin.parent} differ only in how accents are written. Rename it."
                )
        return found

    def _nothing(self) -> str:
        return f"{self.name}: no audio under {self.root} (looked for Audio/<ID>/<ID>_MIX.wav). {self.cure}"

    def _song(self, id: str, folder: Path) -> Song:
        meta = read_metadata(self._metadata_file(folder))
        stems = [stem for key in sorted(meta["stems"], key=str) if (stem := self._stem(folder, meta, key))]
        if not stems:
            raise DataError(f"{id}: all of its stems are left out. Leave out the song too: data.skip=[{id}].")
        return make_song(
            id,
            self._artist(id, meta),
            str(meta.get("title") or id),
            stems,
            inside(folder, meta.get("mix_filename") or f"{id}_MIX.wav"),
            self.pad_short_stems,
            bleed=has_bleed(meta, id),
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
        for path in (inside(folder, name), inside(self.metadata, name)):
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
        given = entry["instrument"] if isinstance(entry["instrument"], list) else [entry["instrument"]]
        labels = self._labels(given, where)
        if not labels:
            return None
        path = inside(folder, meta.get("stem_dir") or f"{folder.name}_STEMS", entry["filename"])
        if not path.is_file():
            raise DataError(
                f"{where}: no file {path}. Restore it, or leave the song out with data.skip=[{folder.name}]."
            )
        words = tuple(str(name) for name in given)
        name = " + ".join(words) if len(labels) > len(words) else ""
        return Stem(str(key), labels, path, name, words if words != labels else ())


def read_metadata(path: Path, entry: str = "filename, instrument") -> dict[str, Any]:
    """The YAML of one song. Raises DataError when it cannot be parsed, lists no stems, each of which needs `entry`, or
    has something else where text belongs."""
    meta = read_yaml(path)
    if not isinstance(meta, dict) or not isinstance(meta.get("stems"), dict) or not meta["stems"]:
        raise DataError(f"{path}: lists no stems (expected `stems: {{S01: {{{entry}}}, ...}}`). Write them down.")
    check_text(path, meta, "artist", "title", "UUID")
    return meta


def has_bleed(meta: Mapping[str, Any], where: str) -> bool:
    """What `has_bleed` says; no where it is missing. Raises DataError for anything but yes and no."""
    said = str(meta.get("has_bleed") or "no").casefold()
    if said not in BLEED:
        raise DataError(f"{where}: `has_bleed` is '{said}', neither yes nor no. Correct the metadata.")
    return BLEED[said]
