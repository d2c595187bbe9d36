"""What went wrong, in a sentence a user can act on."""


class StemwiseError(Exception):
    """Base of every error this library raises on purpose: what happened, with which values, what to do."""


class AudioError(StemwiseError, ValueError):
    """An audio file or array cannot be used as it is."""


class DataError(StemwiseError, ValueError):
    """A dataset, its metadata or its labels cannot be used as they are."""


class ModelError(StemwiseError, ValueError):
    """A network, its settings or its exported file cannot be used as they are."""


class MissingExtra(StemwiseError, ImportError):
    """An optional package is not installed."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(f"{purpose} needs the package {package}. Install it with: pip install 'stemwise[{extra}]'")
