"""The errors of searches: their names, their folders, and what stops them.

ActsearchError
  NameTaken, NoSuchSearch   a name that exists, or does not
  InvalidSetting            a number or a word that breaks its rule
  SearchBusy                another process is driving the search
  HomeUnusable              the home cannot be read or written (read-only, full)
  StrategyError             a strategy that cannot be made, fails, or leaves the space
  SpaceExhausted            every candidate of the space has been seen
  NothingToTrain            so many proposals in a row were rejected that the search ends
  SubmitFailed              what was submitted ended before it began
  SearchStopped             a search in a thread was asked to stop, and has
  NotRunning                what is to be stopped or followed is not running
  ClusterUnusable           a cluster's job server does not answer, or refuses
  SearchFailed              every training failed; carries the first traceback
  ExportFailed              the exported file does not compute what the candidate does
  FormatImpossible          a format that cannot hold the candidate, or whose package is missing
"""

from __future__ import annotations

from ..space.errors import ActsearchError


def last_line(traceback: str) -> str:
    """The message at the end of a worker's traceback."""
    lines = traceback.strip().splitlines()
    return lines[-1] if lines else "no message"


class NameTaken(ActsearchError):
    """Raised when a new search or an export would overwrite an earlier one."""


class NoSuchSearch(ActsearchError):
    """Raised when a search of that name does not exist in the home."""


class InvalidSetting(ActsearchError):
    """Raised when a setting breaks its rule, or would change what a search already stored."""


class SearchBusy(ActsearchError):
    """Raised when another process holds the search's lock."""


class HomeUnusable(ActsearchError):
    """Raised when the home's files cannot be read or written."""


class StrategyError(ActsearchError):
    """Raised when a strategy breaks a rule of its contract, or a name leads to no strategy."""


class SpaceExhausted(ActsearchError):
    """Raised by a strategy when the space holds no candidate that was not proposed before."""


class NothingToTrain(ActsearchError):
    """Raised when no proposal passes: each is screened out, or was seen before."""


class SubmitFailed(ActsearchError):
    """Raised where a submitted search's driver did not come so far as to begin; says what it
    said."""


class SearchStopped(ActsearchError):
    """Raised in a search that was asked to stop, and by its handle's `result`."""


class NotRunning(ActsearchError):
    """Raised where a running search is needed and it is none."""


class ClusterUnusable(ActsearchError):
    """Raised where a Ray cluster takes no jobs: no answer, a refusal, or a package that is
    missing."""


class SearchFailed(ActsearchError):
    """Raised when trainings fail and none succeeds; `traceback` is that of the first."""

    def __init__(self, message: str, traceback: str) -> None:
        super().__init__(message)
        self.traceback = traceback

    def __reduce__(self) -> tuple[type[SearchFailed], tuple[str, str]]:
        return type(self), (str(self), self.traceback)


class ExportFailed(ActsearchError):
    """Raised when an exported file fails its own proof; the file is removed."""


class FormatImpossible(ActsearchError):
    """Raised when a format cannot hold the candidate, or needs a package that is not there."""
