"""Singers, alone or in a group: spoken words stretched to a melody, or vowels made of a source and a filter."""

from stemwise.synthesis.voice.group import sing_group
from stemwise.synthesis.voice.lyrics import draw_line
from stemwise.synthesis.voice.sing import sing
from stemwise.synthesis.voice.singer import Singer, draw_singer
from stemwise.synthesis.voice.voices import draw_voices, find_voice
from stemwise.synthesis.voice.words import sing_words

__all__ = ["Singer", "draw_line", "draw_singer", "draw_voices", "find_voice", "sing", "sing_group", "sing_words"]
