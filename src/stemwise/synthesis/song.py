"""One song of a set, from its number to its folder."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from stemwise.synthesis.compose import compose
from stemwise.synthesis.presets import Preset
from stemwise.synthesis.produce import draw_room, produce_stem, quantise
from stemwise.synthesis.render import RATE, render
from stemwise.synthesis.score import Form, Part, Score, Section
from stemwise.synthesis.write import song_id, write_song

# Numbers that keep the stages apart: another way to produce leaves the notes as they are.
COMPOSE, RENDER, PRODUCE = range(3)


@dataclass(frozen=True)
class Job:
    """Song `number` of a preset: all that a worker needs to know."""

    preset: Preset
    seed: int
    number: int

    @property
    def name(self) -> str:
        return song_id(self.preset.name, self.number)

    @property
    def split(self) -> str:
        return self.preset.split_of(self.number)

    def score(self) -> Score:
        return compose(self.preset.seconds, self.split == "test", self._rng(COMPOSE))

    def make(self, audio: Path, check: Callable[[], None] = lambda: None) -> None:
        """Compose, render, produce and write; `check` is called before every stem and may raise to stop."""
        score = self.score()
        room = draw_room(RATE, self._rng(PRODUCE))
        stems = []
        for index, part in enumerate(score.parts):
            check()
            dry = render(score, part, self._rng(RENDER, index))
            stems.append(produce_stem(part, dry, room, RATE, self._rng(PRODUCE, index + 1)))
        check()
        write_song(audio, self.name, score, *quantise(stems))

    def describe(self) -> dict[str, Any]:
        """What the manifest says of the song; composed anew, so that it does not depend on what is on the disk."""
        score = self.score()
        form = score.form
        return {
            "split": self.split,
            "tempo": form.tempo,
            "key": form.key,
            "sections": [_section(form, one) for one in form.sections],
            "stems": [_stem(part) for part in score.parts],
        }

    def _rng(self, *stage: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, self.number, *stage])


def _section(form: Form, section: Section) -> dict[str, Any]:
    start, end = form.time(section.first_bar), form.time(section.first_bar + section.bars)
    return {"name": section.name, "start": round(start, 3), "end": round(end, 3)}


def _stem(part: Part) -> dict[str, Any]:
    return {"kind": part.kind, "instrument": part.patch.label, "program": part.patch.program}
