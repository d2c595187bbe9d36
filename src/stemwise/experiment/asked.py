"""What a command asks of a trained run: its model, the songs, and what is said beside the scores."""

from dataclasses import dataclass, replace
from pathlib import Path

from omegaconf import DictConfig

from stemwise.errors import DataError, ModelError
from stemwise.experiment import configs, learned, runs
from stemwise.experiment.songs import asked_part, choose_songs, output_folder
from stemwise.export import Exported, load, newest_model
from stemwise.health import check_device
from stemwise.loading.shard import PreparedSong


@dataclass(frozen=True)
class Asked:
    """`trained`: the config of the training. `out`: where the scores go."""

    run: Path
    out: Path
    trained: DictConfig
    exported: Exported
    songs: dict[str, PreparedSong]
    facts: dict[str, str]

    @property
    def model(self) -> Path:
        return self.run / "model.safetensors"


def asked_run(config: DictConfig) -> tuple[Path, Exported]:
    """The run that is named, or the newest, and its model with the gate that is asked for.

    Raises ModelError for a device that is not there, for a no in place of false, and for text or too little in
    place of numbers.
    """
    configs.check_flags(config)
    configs.check_whole(config, "limit", "channels", "processes", least=1)
    configs.check_whole(config, "shifts", "wiener", "report_songs")
    if not isinstance(config.estimates_gb, int | float) or config.estimates_gb < 0:
        raise ModelError(f"estimates_gb={config.estimates_gb}: give a number, 0 or more.")
    check_device(config.device)
    run = Path(config.run) if config.run else newest_model().parent
    exported = load(run / "model.safetensors")
    return run, replace(exported, gate=configs.make_gate(config, exported.gate))


def ask(config: DictConfig, run: Path, exported: Exported, out: Path | None = None) -> Asked:
    """Raises DataError for a run folder that is not whole, for an `out` that is a file, and as `choose_songs` does."""
    out = out or output_folder(config, run)
    if out.exists() and not out.is_dir():
        raise DataError(f"out={out}: is a file, where a folder of scores is to be. Name another.")
    trained, splits = runs.read(run, exported)
    songs = choose_songs(config, trained, splits, exported.model, learned.kept(run)[1])
    facts = runs.facts(run, trained, exported, f"{len(songs)} of part '{asked_part(config)}'")
    return Asked(run, out, trained, exported, songs, facts)
