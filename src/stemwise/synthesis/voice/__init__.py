"""A singer made of a source and a filter: melody → f0 → harmonics and breath → vowels."""

from stemwise.synthesis.voice.sing import sing
from stemwise.synthesis.voice.singer import Singer, draw_singer

__all__ = ["Singer", "draw_singer", "sing"]
