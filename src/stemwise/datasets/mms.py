"""M&MS: MedleyDB and Mixing Secrets as one set."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from stemwise.datasets import medleydb as medley
from stemwise.datasets import mixing_secrets as mixing
from stemwise.datasets.base import Splits, splits_by_artist
from stemwise.datasets.folders import SongFolders
from stemwise.errors import DataError
from stemwise.song import Song

NAME = "M&MS"
LICENCE = f"{medley.NAME}: {medley.LICENCE}. {mixing.NAME}: {mixing.LICENCE}"
CITATION = (
    "Y.-N. Hung, A. Lerch: Multitask Learning for Instrument Activation Aware Music Source Separation. ISMIR 2020. "
    f"{medley.CITATION} {mixing.CITATION}"
)
HOW_TO_GET = f"{medley.NAME}: {medley.HOW_TO_GET} {mixing.NAME}: {mixing.HOW_TO_GET}"
LOOKS_LIKE = ()  # two trees


class Mms(SongFolders):
    """Reader of two trees.

    One split by the hash of the artist for both, so that an artist who is in both is in one part; a `splits.json` in
    either tree is not looked at, since it knows nothing of the other. `medleydb_metadata` and
    `mixing_secrets_metadata` are the `metadata` of each; the other settings are those of `SongFolders`, for both.
    """

    def __init__(
        self,
        medleydb: str | Path,
        mixing_secrets: str | Path,
        medleydb_metadata: str | Path | None = None,
        mixing_secrets_metadata: str | Path | None = None,
        splits_file: str | Path | None = None,
        skip: Sequence[str] = (),
        pad_short_stems: bool = False,
        bleed: bool = True,
    ) -> None:
        super().__init__(f"{medleydb} and {mixing_secrets}", splits_file, skip, pad_short_stems, bleed)
        self.trees = ((medleydb, medleydb_metadata), (mixing_secrets, mixing_secrets_metadata))

    @cached_property
    def readers(self) -> tuple[medley.MedleyDB, ...]:
        """Of each tree."""
        kinds = (medley.MedleyDB, mixing.MixingSecrets)
        return tuple(
            kind(root, metadata, None, tuple(self.skip), self.pad_short_stems)
            for kind, (root, metadata) in zip(kinds, self.trees, strict=True)
        )

    def splits(self) -> Splits:
        if self.splits_file:
            return self._splits_of(self.splits_file)
        return splits_by_artist(self.songs())

    def _find(self) -> dict[str, Path]:
        return {id: folder for reader in self.readers for id, folder in reader.folders.items()}

    def _nothing(self) -> str:
        return f"{NAME}: no songs under {self.where}. {HOW_TO_GET}"

    def _song(self, id: str, folder: Path) -> Song:
        holders = [reader for reader in self.readers if id in reader.folders]
        if len(holders) > 1:
            raise DataError(
                f"{id}: in both {' and '.join(str(reader.folders[id]) for reader in holders)}. Take one of them away, "
                f"or leave out both with data.skip=[{id}]."
            )
        return holders[0].song(id)
