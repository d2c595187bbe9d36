"""A template of this folder and what it shows → the text of a page."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stemwise.errors import MissingExtra

FOLDER = Path(__file__).parent


def render(template: str, context: Mapping[str, Any]) -> str:
    """The page; `style` is page.css beside what `context` holds. Raises MissingExtra without jinja2."""
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
        from markupsafe import Markup
    except ModuleNotFoundError as fault:
        raise MissingExtra("jinja2", "train", "The page") from fault
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Our own file; with its quotes escaped it would be no style sheet.
    style = Markup((FOLDER / "page.css").read_text(encoding="utf-8"))
    return environment.get_template(template).render(style=style, **context)
