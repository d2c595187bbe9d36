"""The name of a recorded file → what it probably holds. For whatever reads other people's folders."""

import re
import unicodedata
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from stemwise.taxonomy import ANYTHING, instrument_labels

SUFFIXES = (".wav", ".flac", ".ogg", ".mp3", ".aif", ".aiff")  # of files that are read as audio
LEFT_OUT = ("mix", "ignore")  # what a name may say instead of an instrument
JOINED = re.compile(r"\s*[&+]\s*|[\W_]+(?:and|plus|with)[\W_]+|(?<=[a-z])And(?=[A-Z])", re.IGNORECASE)
NOTHING_SAID = "which instrument is this?"
SEVERAL = "several instruments in one file?"
# What a drum or a bass may be called beside its name without being another instrument.
NEAR = frozenset(
    (
        "drum machine",
        "sampler",
        "scratches",
        "fx/processed sound",
        "auxiliary percussion",
        "tambourine",
        "shaker",
        "claps",
        "snaps",
    )
)
MACHINES = frozenset(("303", "808", "909"))  # numbers that are instruments, and not those of tracks
SIDES = {"l": "L", "left": "L", "r": "R", "right": "R"}
# What tells takes and microphones of one instrument apart.
MICROPHONES = frozenset(
    (
        "di",
        "amp",
        "mic",
        "mike",
        "cab",
        "close",
        "far",
        "dt",
        "dbl",
        "double",
        "top",
        "bottom",
        "up",
        "down",
        "in",
        "out",
    )
)


@dataclass(frozen=True)
class Guess:
    """A label (empty: none), the stem it belongs to, the side of a pair it may be, what the name leaves open, and every
    label that it may be where it leaves that open."""

    label: str
    stem: str
    side: str = ""
    ask: str = ""
    may_be: tuple[str, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """All that the file may hold, for whom nobody corrects; empty where the name says nothing."""
        return self.may_be or ((self.label,) if self.label else ())


def guess(file_name: str) -> Guess:
    """The first rule of rules.yaml that fits the name, without its folder; else MedleyDB's label of that name. A name
    that joins several, as `drums and bass`, may be any of them."""
    whole, pieces = _guess(file_name), JOINED.split(Path(file_name).stem)
    found = [_guess(f"{piece}.wav") for piece in pieces]
    labels = tuple(dict.fromkeys(label for one in found for label in one.labels))
    told = all(one.labels and one.label not in LEFT_OUT for one in found)
    if len(pieces) < 2 or len(labels) < 2 or not told or whole.label in LEFT_OUT:
        return whole
    return replace(whole, label=whole.label or labels[0], ask=SEVERAL, may_be=labels)


def _guess(file_name: str) -> Guess:
    words = words_of(file_name)
    side = SIDES.get(words[-1], "") if len(words) > 1 else ""
    bare = words[:-1] if side else words
    name = " ".join(bare)
    for rule in _rules():
        if rule["pattern"].fullmatch(name) or rule["pattern"].fullmatch(_numberless(name)):
            stem, open_to = rule.get("stem") or _stem_of(bare), tuple(rule.get("may be", ()))
            if other := _beside(bare, rule):
                return Guess(rule["label"], stem, side, SEVERAL, (rule["label"], *other))
            return Guess(rule["label"], stem, side, rule.get("ask", ""), open_to)
    label = next((label for label in _labels() if re.search(rf"\b{re.escape(label)}s?\b", name)), "")
    return Guess(label, _stem_of(bare), side, "" if label else NOTHING_SAID)


def _beside(words: list[str], rule: dict[str, Any]) -> tuple[str, ...]:
    """Labels of another instrument that a name holds, as `Tommy Vox` and `Bass Tuba` do."""
    near = rule.get("goes with")
    left = [] if near is None else [word for word in words if word not in near and not rule["pattern"].fullmatch(word)]
    found = _guess(" ".join(left)).labels if left and left != words else ()  # a rule of several words fits none of them
    return () if {rule["label"], *NEAR, *LEFT_OUT} & set(found) else found


def words_of(file_name: str) -> list[str]:
    """'01_KickIn-L.wav' → ['kick', 'in', 'l']; a number in front, as of a track, is left out."""
    stem = unicodedata.normalize("NFC", Path(file_name).stem)
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])", " ", stem)
    words = re.findall(r"[^\W_]+", spaced.casefold())
    while len(words) > 1 and words[0].isdigit() and words[0] not in MACHINES:
        words = words[1:]
    return words or [stem]


def _numberless(name: str) -> str:
    return " ".join(word for word in name.split() if not word.isdigit())


def _stem_of(words: list[str]) -> str:
    kept = [word for word in words if word not in MICROPHONES]
    return " ".join(kept or words)


@cache
def _labels() -> list[str]:
    """Longer ones first, so that 'bass clarinet' is no clarinet."""
    return sorted(instrument_labels() - ANYTHING - {"other instrument"}, key=lambda label: (-len(label), label))


@cache
def _rules() -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "rules.yaml").read_text(encoding="utf-8"))
    return [
        {**rule, "pattern": re.compile("|".join(f"(?:{name})" for name in rule["say"].split(", ")))} for rule in rules
    ]
