"""Which songs a run is scored on, and where its scores go."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from stemwise.datasets.base import Splits
from stemwise.errors import DataError
from stemwise.experiment import configs
from stemwise.loading.shard import PreparedSong
from stemwise.model import SpectralModel

MEDLEYDB = "stemwise.datasets.medleydb.MedleyDB"
OF_A_TREE: dict[str, Any] = {"metadata": None, "splits_file": None, "skip": []}


def choose_songs(config: Any, trained: Any, splits: Splits, model: SpectralModel) -> dict[str, PreparedSong]:
    """The songs of `config.part`, prepared: of the split the run was trained with, or of another tree.

    Raises DataError for an unknown part, an empty one, and for songs that are gone.
    """
    if config.root:
        trained = OmegaConf.create({**trained, "data": other_tree(config.root, config.reader, trained.data)})
    data = configs.make_data(trained, model)
    songs = {song.id: song for song in data.dataset.songs()}
    parts = {**data.dataset.splits(), "all": list(songs)} if config.root else splits
    if config.part not in parts:
        raise DataError(f"part={config.part}: choose one of {', '.join(parts)} (all: only with another root).")
    ids = parts[config.part][: config.limit]
    gone = [id for id in ids if id not in songs]
    if gone or not ids:
        what = f"{gone[0]} of part '{config.part}' is gone" if gone else f"no songs in part '{config.part}'"
        raise DataError(f"{what} in {data.dataset.where}. Restore the songs, or choose another part or root.")
    return data.prepare_songs([songs[id] for id in ids])


def other_tree(root: str, reader: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """The config of `root`, read as the run's `own` songs were, but for what belongs to their tree.

    A reader that `reader` names by `_target_` has its own settings. Who trained on several trees gets MedleyDB form.
    """
    if "_target_" in reader or "root" not in own:
        return {"_target_": MEDLEYDB, **reader, "root": root}
    return {**own, **{key: fresh for key, fresh in OF_A_TREE.items() if key in own}, **reader, "root": root}


def output_folder(config: Any, run: Path) -> Path:
    """The run's own folder for its own test; another beneath it for any other question, so that no answer is lost."""
    if config.out:
        return Path(config.out)
    asked = [f"{key}-{config[key]}" for key in ("part", "limit") if config[key] not in ("test", None)]
    asked += [f"root-{Path(config.root).name}"] if config.root else []
    asked += [f"gate-{config.gate.kind}"] if "gate" in config else []
    return run / "_".join(["eval", *asked]) if asked else run
