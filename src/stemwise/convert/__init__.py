"""Loose multitrack sessions → songs in MedleyDB form.

The seams: `names` (what a file probably holds) → `table` (what a person corrects) → `session` (one song) → `many` (all,
kept where nothing changed).
"""

from stemwise.convert.many import convert
from stemwise.convert.table import Row, propose, read_table, write_table

__all__ = ["Row", "convert", "propose", "read_table", "write_table"]
