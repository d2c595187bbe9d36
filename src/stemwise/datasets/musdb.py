"""What both forms of MUSDB18 have in common: its split, its ids, and what is known of its stems."""

from abc import abstractmethod
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from stemwise.datasets.base import PARTS, Splits
from stemwise.datasets.folders import SongFolders, by_id, make_song
from stemwise.errors import DataError
from stemwise.song import Song, Stem
from stemwise.taxonomy import ANYTHING, instrument_labels, targets
from stemwise.texts import nfc

STEMS = ("bass", "drums", "other", "vocals")
SUFFIX = ".stem.mp4"
NOT_ITS_OWN = ("valid", "validation", "val")  # parts of sets that others arrange like it
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


class Musdb(SongFolders):
    """Reader of one tree, or of a part of it.

    Splits are the published ones (86, 14 and 50 songs), in which some artists are in two parts, or those of
    `splits_file`, where none may be. The other settings are those of `SongFolders`.
    """

    name: str
    looked_for: str
    how_to_get: str
    restore = "Restore it"
    """What to do about a stem file that is not there."""

    def __init__(
        self,
        root: str | Path,
        splits_file: str | Path | None = None,
        skip: Sequence[str] = (),
        pad_short_stems: bool = False,
    ) -> None:
        super().__init__(str(root), splits_file, skip, pad_short_stems)
        self.root = Path(root)

    @abstractmethod
    def _places(self, part: Path) -> list[Path]:
        """What holds a song each in the folder `train` or `test`, by name."""

    @abstractmethod
    def _files(self, id: str, place: Path) -> dict[str, Path]:
        """The files of the stems and of the `mixture`. Raises StemwiseError where there can be none."""

    def splits(self) -> Splits:
        """Raises DataError for training songs without one to validate on."""
        if self.splits_file:
            return self._splits_of(self.splits_file)
        splits: Splits = {part: [] for part in PARTS}
        for song in self.songs():
            splits[part_of(self.folders[song.id])].append(song.id)
        if splits["train"] and not splits["valid"]:
            raise DataError(
                f"{self.name}: none of the {len(VALIDATION)} validation songs ({min(VALIDATION)}, ...) is among the "
                f"{len(splits['train'])} of {self.root / 'train'}. Add one, or name a JSON file "
                '{"train": [ids], "valid": [ids], "test": [ids]} with data.splits_file=...'
            )
        return splits

    def _find(self) -> dict[str, Path]:
        for part in NOT_ITS_OWN:
            if self._places(self.root / part):
                raise DataError(
                    f"{self.root / part} holds songs, but {self.name} has none but train and test; they would be left "
                    "out. For a set of your own in such folders take data=folder (--kind folder)."
                )
        places = (*self._places(self.root / "train"), *self._places(self.root / "test"))
        return by_id(places, lambda place: song_id(song_name(place)))

    def _nothing(self) -> str:
        return f"{self.name}: no songs under {self.root} (looked for {self.looked_for}). {self.how_to_get}"

    def _song(self, id: str, folder: Path) -> Song:
        files = self._files(id, folder)
        stems = [Stem(name, stem_labels()[name], files[name], name) for name in STEMS]
        for stem in stems:
            if not stem.path.is_file():
                raise DataError(
                    f"{id}: no file {stem.path}. {self.restore}, or leave the song out with data.skip=[{id}]."
                )
        artist, _, title = song_name(folder).partition(" - ")
        return make_song(id, artist, title or artist, stems, files["mixture"], self.pad_short_stems)


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


def part_of(place: Path) -> str:
    if place.parent.name == "test":
        return "test"
    return "valid" if song_name(place) in VALIDATION else "train"


def song_name(place: Path) -> str:
    """`Artist - Title` of a folder or a stem file."""
    return place.name.removesuffix(SUFFIX)


def song_id(name: str) -> str:
    """`Clara Berry And Wooldog - Air Traffic` → `ClaraBerryAndWooldog_AirTraffic`, as MedleyDB names the same song; no
    character that a file system or a command line minds."""
    return "_".join(filter(None, (_joined(part) for part in nfc(name).split(" - ", 1))))


def _joined(text: str) -> str:
    words = ("".join(letter for letter in word if letter.isalnum()) for word in text.split())
    return "".join(word[:1].upper() + word[1:] for word in words)
