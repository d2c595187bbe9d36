"""Songs heard by a detector: from arrays and files to what plays when, as files for people and programs.

The seams: `detecting` (a trained model, arrays) · `songs` (which files, and the names of their folders) · `write` (the
files of one song).
"""

from stemwise.listen.detecting import detect, load_detector
from stemwise.listen.songs import Found, find_songs
from stemwise.listen.write import FORMATS, Origin, usable, write_detection

__all__ = ["FORMATS", "Found", "Origin", "detect", "find_songs", "load_detector", "usable", "write_detection"]
