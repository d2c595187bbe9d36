"""stemwise join MODEL... --out FILE"""

from pathlib import Path
from typing import Annotated

import typer

from stemwise.cli.common import say


def command(
    models: Annotated[list[Path], typer.Argument(help="exported models, or their run folders")],
    out: Annotated[Path, typer.Option(help="the joined model")] = Path("joined.safetensors"),
) -> None:
    """Join networks of one target each into one model, for `stemwise separate --model`."""
    from stemwise.bundle import join
    from stemwise.export import save

    paths = [path / "model.safetensors" if path.is_dir() else path for path in models]
    exported, description = join(paths)
    save(out, exported, description)
    say(f"{out}: {', '.join(exported.model.targets)}")
