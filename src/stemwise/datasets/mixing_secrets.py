"""Mixing Secrets in MedleyDB form: its own labels, room microphones, and songs filed under a magazine's issue."""

import difflib
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from stemwise.datasets.medleydb import MedleyDB
from stemwise.errors import DataError
from stemwise.taxonomy import instrument_labels
from stemwise.texts import read_yaml

NAME = "Mixing Secrets"
LICENCE = "for educational use; the rights stay with each song's owner"
CITATION = (
    "S. Gururani, A. Lerch: Mixing Secrets: A Multi-Track Dataset for Instrument Recognition in Polyphonic Music. "
    "Late-breaking demo, ISMIR 2017."
)
HOW_TO_GET = (
    "The metadata is public (SiddGururani/mixing_secrets); collect the multitracks from the Mixing Secrets Free "
    "Multitrack Download Library, name and sum the files as the metadata says, so that the tree holds "
    "Audio/<ID>/<ID>_STEMS/, and point `metadata` at the folder of *_METADATA.yaml."
)

LABELS = Path(__file__).with_name("mixing_secrets_labels.yaml")
ISSUE = re.compile(r"MR\d{4}")  # year and month of a magazine, where an artist should stand
LOOKS_LIKE = ()  # its layout is MedleyDB's; only its labels differ


class MixingSecrets(MedleyDB):
    """Reader of one tree; settings are those of MedleyDB."""

    name = NAME
    cure = f"{HOW_TO_GET} (docs/datasets.md)"

    def _artist(self, id: str, meta: Mapping[str, Any]) -> str:
        artist = super()._artist(id, meta)
        if not ISSUE.fullmatch(artist):
            return artist
        # Their titles are the artists. Left as it is, an artist would be in one part by name and in another by issue.
        return str(meta.get("title") or id.partition("_")[2] or artist)

    def _labels(self, given: Sequence[str], where: str) -> tuple[str, ...]:
        found = (label for name in given for label in self._of_name(str(name), where))
        return tuple(dict.fromkeys(found))

    def _of_name(self, name: str, where: str) -> tuple[str, ...]:
        table = read_labels()
        if name.casefold() in table:
            return table[name.casefold()]
        near = difflib.get_close_matches(name.casefold(), table, n=1, cutoff=0.5)
        hint = f"Did you mean '{near[0]}'? " if near else ""
        raise DataError(
            f"{where}: unknown instrument '{name}'. {hint}Correct the metadata, or give the name a label in {LABELS}."
        )


@cache
def read_labels() -> dict[str, tuple[str, ...]]:
    """Name in small letters → labels of the taxonomy; several where it may be any of them, none for what is left out.

    The published metadata spells a name in several ways, hence the small letters.
    """
    file = read_yaml(LABELS)
    table = {label.casefold(): (label,) for label in instrument_labels()}
    table |= {name: (label,) for label, names in file["one label"].items() for name in names}
    table |= {name: tuple(entry["may be"]) for entry in file["several labels"] for name in entry["names"]}
    return table | dict.fromkeys(file["left out"], ())
