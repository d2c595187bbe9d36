"""Separate music into instruments and know when each instrument plays."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("stemwise")
except PackageNotFoundError:  # imported from a checkout that was never installed
    __version__ = "0+unknown"
