"""The installed version, as `actsearch --version` says it."""

from importlib.metadata import version

__version__ = version("actsearch")
