"""MUSDB18-HQ: `{train,test}/<Artist - Title>/` with four stems and the mixture as wav."""

from pathlib import Path

from stemwise.datasets.folder import audio_in
from stemwise.datasets.folders import subfolders
from stemwise.datasets.musdb import STEMS, Musdb
from stemwise.errors import DataError

NAME = "MUSDB18-HQ"
LICENCE = "for academic purposes; each song under a licence of its own"
CITATION = (
    "Z. Rafii, A. Liutkus, F.-R. Stöter, S. I. Mimilakis, R. Bittner: MUSDB18-HQ, an uncompressed version of MUSDB18. "
    "2019. doi:10.5281/zenodo.3338373"
)
HOW_TO_GET = (
    "Download musdb18hq.zip from Zenodo (record 3338373) and unpack it so that the tree holds "
    "train/<Artist - Title>/vocals.wav. The .stem.mp4 files of MUSDB18 are another set: data=musdb18."
)
SUMS = ("accompaniment", "linear_mixture")  # of the stems, as tools for this set leave beside them
LOOKS_LIKE = tuple(f"{part}/*/{name}.wav" for part in ("train", "test") for name in ("mixture", "drums", "vocals"))


class Musdb18HQ(Musdb):
    """Reader of one tree, or of a part of it; settings are those of `Musdb`."""

    name = NAME
    looked_for = "{train,test}/<Artist - Title>/vocals.wav"
    how_to_get = HOW_TO_GET

    def _places(self, part: Path) -> list[Path]:
        return subfolders(part)

    def _files(self, id: str, place: Path) -> dict[str, Path]:
        known = (*STEMS, "mixture", *SUMS)
        if more := [path for path in audio_in(place) if path.stem not in known]:
            raise DataError(
                f"{id}: {more[0]} is no stem of {NAME}, and would be in no mixture. Take it away; for a set of your "
                "own in such folders take data=folder (--kind folder)."
            )
        return {name: place / f"{name}.wav" for name in (*STEMS, "mixture")}
