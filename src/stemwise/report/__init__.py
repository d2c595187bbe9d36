"""Tables, figures and the HTML page of an evaluation.

`write_page` and the figures need the packages of `stemwise[train]`; importing this package does not.
"""

from stemwise.report.content import Page, SongView
from stemwise.report.page import write_page
from stemwise.report.tables import summarise, to_records

__all__ = ["Page", "SongView", "summarise", "to_records", "write_page"]
