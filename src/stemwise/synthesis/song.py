"""One song of a set, from its number to its folder."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from stemwise.song_folder import Facts, WrittenStem, write_song_folder
from stemwise.synthesis.instruments import instruments
from stemwise.synthesis.produce import draw_room, master, produce_stem, quantise
from stemwise.synthesis.render import RATE, part_midi, render
from stemwise.synthesis.score import Form, Part, Score
from stemwise.synthesis.size import resized
from stemwise.synthesis.soundfonts import Font, load_fonts

# Numbers that keep the stages apart: another way to produce leaves the notes as they are.
COMPOSE, RENDER, PRODUCE, FONT, SIZE = range(5)


@dataclass(frozen=True)
class Options:
    """How songs sound and are written: sf2 files (empty: the one that is always there), flac or wav, sung `words` or
    vowels."""

    fonts: tuple[Path, ...] = ()
    format: str = "flac"
    words: bool = False


class Source(Protocol):
    """Where the notes of a song come from."""

    @property
    def seconds(self) -> float:
        """About how long the song is."""
        ...

    @property
    def room(self) -> tuple[float, float]:
        """Shortest and longest decay of the room in seconds."""
        ...

    def score(self, test: bool, rng: np.random.Generator) -> Score: ...


@dataclass(frozen=True)
class Job:
    """Song `number` of a set: all that a worker needs to know."""

    number: int
    seed: int
    name: str
    split: str
    source: Source
    options: Options

    def score(self) -> Score:
        """The notes, with programs that the song's font has and instruments of a size for this part of the split."""
        score = self.source.score(self.split == "test", self._rng(COMPOSE))
        font = self.font()
        parts = [
            resized(_with_a_sound(part, font), instruments()[part.kind], self.split, self._rng(SIZE, index))
            for index, part in enumerate(score.parts)
        ]
        return replace(score, parts=tuple(parts))

    def font(self) -> Font:
        """One of the fonts; of several, the last is for test songs only and the others are for the rest."""
        fonts = load_fonts(self.options.fonts)
        if len(fonts) > 1:
            fonts = fonts[-1:] if self.split == "test" else fonts[:-1]
        return fonts[int(self._rng(FONT).integers(len(fonts)))]

    def make(self, audio: Path, check: Callable[[], None] = lambda: None) -> None:
        """Compose, render, produce and write; `check` is called before every stem and may raise to stop."""
        score, font = self.score(), self.font()
        room = draw_room(self.source.room, RATE, self._rng(PRODUCE))
        stems = []
        for index, part in enumerate(score.parts):
            check()
            dry = render(score, part, font, self.options.words, self._rng(RENDER, index))
            stems.append(produce_stem(instruments()[part.kind], dry, room, RATE, self._rng(PRODUCE, index + 1)))
        check()
        scale = master(stems, RATE)
        self._write(audio, score, [quantise(stem, scale) for stem in stems])

    def describe(self) -> dict[str, Any]:
        """What the manifest says of the song; composed anew, so that it does not depend on what is on the disk."""
        score = self.score()
        return {
            "split": self.split,
            "title": score.title,
            "artist": score.artist,
            "style": score.style,
            "font": self.font().name,
            **(_form(score.form) if score.form else {}),
            "stems": [_stem(part) for part in score.parts],
        }

    def _write(self, audio: Path, score: Score, stems: Sequence[Any]) -> None:
        mix = np.asarray(np.sum(stems, axis=0, dtype=np.int32), dtype=np.int16)
        facts = Facts(score.artist, score.title, score.genre, "Stemwise", "Stemwise synthetic songs")
        labelled = [WrittenStem(part.patch.label, stem) for part, stem in zip(score.parts, stems, strict=True)]
        write_song_folder(
            audio, self.name, facts, labelled, mix, RATE, self.options.format, lambda *to: _write_notes(score, *to)
        )

    def _rng(self, *stage: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, self.number, *stage])


def _write_notes(score: Score, folder: Path, names: Sequence[str]) -> None:
    notes = folder / f"{names[0].partition('_STEM_')[0]}_MIDI"
    notes.mkdir()
    for part, name in zip(score.parts, names, strict=True):
        (notes / f"{name}.mid").write_bytes(part_midi(score, part))


def _with_a_sound(part: Part, font: Font) -> Part:
    """The part with a program that the font has; its label stays, since only programs of one family stand in."""
    program = part.patch.program
    if program is None:
        return part
    there = font.fallback(128 if part.patch.kit else 0, program)
    return part if there in (program, None) else replace(part, patch=replace(part.patch, program=there))


def _form(form: Form) -> dict[str, Any]:
    sections = [
        {
            "name": section.name,
            "start": round(form.time(section.first_bar), 3),
            "end": round(form.time(section.first_bar + section.bars), 3),
            "chords": [
                " ".join(chord.name for chord in form.chords[bar])
                for bar in range(section.first_bar, section.first_bar + section.bars)
            ],
        }
        for section in form.sections
    ]
    return {"tempo": round(form.tempo, 3), "metre": form.metre, "key": form.key, "sections": sections}


def _stem(part: Part) -> dict[str, Any]:
    patch = part.patch
    sound = {"voices": list(patch.voices)} if patch.voices else {"program": patch.program, "size": patch.size}
    return {"kind": part.kind, "instrument": part.patch.label, **sound}
