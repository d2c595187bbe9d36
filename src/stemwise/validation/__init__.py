"""Datasets that check themselves: what is in the files, what is wrong with it, and what a set as a whole holds.

The seams: `meter` (a file, block by block) → `measure` (a song, cached) → `song_checks`, `set_checks` (findings) and
`summary` (figures) → `run` (all of it, for a reader). `errata` names what others found in published sets.
"""

from stemwise.validation.findings import ERROR, NOTE, WARNING, Finding
from stemwise.validation.run import Validation, validate

__all__ = ["ERROR", "NOTE", "WARNING", "Finding", "Validation", "validate"]
