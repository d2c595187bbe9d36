"""MUSDB18-HQ: `{train,test}/<Artist - Title>/` with four stems and the mixture as wav."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from stemwise.datasets.base import PARTS, Splits
from stemwise.datasets.folders import SongFolders, make_song, nfc, subfolders
from stemwise.errors import DataError
from stemwise.song import Song, Stem
from stemwise.taxonomy import ANYTHING, instrument_labels, targets

NAME = "MUSDB18-HQ"
LICENCE = "for academic purposes; each song under a licence of its own"
CITATION = (
    "Z. Rafii, A. Liutkus, F.-R. Stöter, S. I. Mimilakis, R. Bittner: MUSDB18-HQ, an uncompressed version of MUSDB18. "
    "2019. doi:10.5281/zenodo.3338373"
)
HOW_TO_GET = (
    "Download musdb18hq.zip from Zenodo (record 3338373) and unpack it so that the tree holds "
    "train/<Artist - Title>/vocals.wav. The .stem.mp4 files of MUSDB18 are another set and are not read."
)
LOOKS_LIKE = tuple(f"{part}/*/{name}.wav" for part in ("train", "test") for name in ("mixture", "drums", "vocals"))

STEMS = ("bass", "drums", "other", "vocals")
# Of the 100 songs in `train`, those that the set's authors validate on.
VALIDATION = frozenset(
    {
        "ANiMAL - Rockshow",
        "Actions - One Minute Smile",
        "Alexander Ross - Goodbye Bolero",
        "Clara Berry And Wooldog - Waltz For My Victims",
        "Fergessen - Nos Palpitants",
        "James May - On The Line",
        "Johnny Lokke - Promises & Lies",
        "Leaf - Summerghost",
        "Meaxic - Take A Step",
        "Patrick Talbot - A Reason To Leave",
        "Skelpolu - Human Mistakes",
        "Traffic Experiment - Sirens",
        "Triviul - Angelsaint",
        "Young Griffo - Pennies",
    }
)


class Musdb18HQ(SongFolders):
    """Reader of one tree, or of a part of it.

    Splits are the published ones (86, 14 and 50 songs), in which some artists are in two parts, or those of
    `splits_file`, where none may be. The other settings are those of `SongFolders`.
    """

    def __init__(
        self,
        root: str | Path,
        splits_file: str | Path | None = None,
        skip: Sequence[str] = (),
        pad_short_stems: bool = False,
    ) -> None:
        super().__init__(str(root), splits_file, skip, pad_short_stems)
        self.root = Path(root)

    def splits(self) -> Splits:
        """Raises DataError for training songs without one to validate on."""
        if self.splits_file:
            return self._splits_of(self.splits_file)
        splits: Splits = {part: [] for part in PARTS}
        for song in self.songs():
            splits[part_of(self.folders[song.id])].append(song.id)
        if splits["train"] and not splits["valid"]:
            raise DataError(
                f"{NAME}: none of the {len(VALIDATION)} validation songs ({min(VALIDATION)}, ...) is among the "
                f"{len(splits['train'])} of {self.root / 'train'}. Add one, or name a JSON file "
                '{"train": [ids], "valid": [ids], "test": [ids]} with data.splits_file=...'
            )
        return splits

    def _find(self) -> dict[str, Path]:
        found: dict[str, Path] = {}
        for folder in (*subfolders(self.root / "train"), *subfolders(self.root / "test")):
            id = song_id(folder.name)
            if not id or id in found:
                what = f"has the id of {found[id]}, {id}" if id else "has no letter or digit in its name"
                raise DataError(f"{folder} {what}. Rename it to another <Artist - Title>.")
            found[id] = folder
        return found

    def _nothing(self) -> str:
        return (
            f"{NAME}: no songs under {self.root} (looked for {{train,test}}/<Artist - Title>/vocals.wav). {HOW_TO_GET}"
        )

    def _song(self, id: str, folder: Path) -> Song:
        stems = [Stem(name, stem_labels()[name], folder / f"{name}.wav", name) for name in STEMS]
        for stem in stems:
            if not stem.path.is_file():
                raise DataError(f"{id}: no file {stem.path}. Restore it, or leave the song out with data.skip=[{id}].")
        artist, _, title = folder.name.partition(" - ")
        return make_song(id, artist, title or artist, stems, folder / "mixture.wav", self.pad_short_stems)


@cache
def stem_labels() -> dict[str, tuple[str, ...]]:
    """Stem → every label that it may hold, which is all that is known of it.

    They are the lists of the scheme `musdb`, so there each stem is one target. In a finer scheme a stem that holds more
    than a target makes it unknown, not silent: `other` may be a guitar or a piano, `drums` a shaker. (MUSDB's bass may
    also be a synthesizer; that label belongs to `other`, and listed twice it would make the bass unknown everywhere.)
    """
    scheme = targets("musdb")
    left = instrument_labels() - ANYTHING - frozenset().union(*scheme.labels)
    lists = zip(scheme.names, scheme.labels, strict=True)
    return {name: tuple(sorted(left if "*" in group else group)) for name, group in lists}


def part_of(folder: Path) -> str:
    if folder.parent.name == "test":
        return "test"
    return "valid" if folder.name in VALIDATION else "train"


def song_id(name: str) -> str:
    """`Clara Berry And Wooldog - Air Traffic` → `ClaraBerryAndWooldog_AirTraffic`, as MedleyDB names the same song; no
    character that a file system or a command line minds."""
    return "_".join(filter(None, (_joined(part) for part in nfc(name).split(" - ", 1))))


def _joined(text: str) -> str:
    words = ("".join(letter for letter in word if letter.isalnum()) for word in text.split())
    return "".join(word[:1].upper() + word[1:] for word in words)
