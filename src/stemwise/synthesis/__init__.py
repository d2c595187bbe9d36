"""Songs that compose, play and sing themselves, written as a MedleyDB tree.

The seams: `compose` (notes) → `render` (audio of a stem) → `produce` (tone, dynamics, level,
pan, room, bus) → `song` (files of a song) →
`generate` (many songs, in parallel, continued where a run was stopped).
"""

from stemwise.synthesis.generate import synthesize, synthesize_midi
from stemwise.synthesis.presets import Preset, find_preset, presets
from stemwise.synthesis.style import styles

__all__ = ["Preset", "find_preset", "presets", "styles", "synthesize", "synthesize_midi"]
