"""Singers made of a source and a filter: melody → f0 → harmonics and breath → vowels; alone or in a group."""

from stemwise.synthesis.voice.group import sing_group
from stemwise.synthesis.voice.lyrics import draw_line
from stemwise.synthesis.voice.sing import sing
from stemwise.synthesis.voice.singer import Singer, draw_singer

__all__ = ["Singer", "draw_line", "draw_singer", "sing", "sing_group"]
