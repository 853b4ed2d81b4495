"""The home: one folder with every search of a user, a lock on each, and the MLflow store.

A new one is its owner's alone to read (mode 0700); one that is there keeps its mode.

HOME/searches/NAME/config.json        its configuration, and the format's version
                   study.db           the Optuna study, the only truth; study_file.py has its rules
                   confirmation.jsonl finalists' trainings, openings of the test set
                   best/              the best finalist, exported
                   kept.json          which runs `delete --keep-best` left (kept.py)
                   lock               held with flock by the process that drives it
                   driver.json        that process, and how far it is (search/service/)
                   driver.lock        held with flock from before it begins until it has ended
                   driver.log         what a submitted one printed
                   driver.job.json    where its Ray job runs, if it was submitted to a cluster
                   driver.stop        there while it is asked to stop
HOME/diagnoses/                       results of `actsearch diagnose`, by default
HOME/test-sets.jsonl                  every function that a test set was shown
HOME/mlflow.db, HOME/artifacts/       the MLflow UI's store; rebuilt by `actsearch sync`
"""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ...mlflow.local_store import make_home
from ...space.errors import nearest
from ..errors import (
    HomeUnusable,
    NameTaken,
    NoSuchSearch,
)
from . import study_file
from .folder_lock import LOCK, holder, lock
from .search_name import check_name
from .usable import refuse_link, usable

DEFAULT_HOME = ".actsearch"
CONFIG = "config.json"  # written last: with it, a folder is a search
PRIOR = "prior-"  # begins the names of the tables that a search has learned from
_PROBE = ".probe"
_BEGINNING = (f"{CONFIG}.partial", _PROBE, LOCK)  # beside the study; the lock goes last
DRIVER_RECORD, DRIVER_LOCK, DRIVER_LOG = "driver.json", "driver.lock", "driver.log"
STOP_REQUEST, CLUSTER_JOB = "driver.stop", "driver.job.json"
# Also of a search that is yet to begin.
_DRIVER = (
    *(DRIVER_RECORD, f"{DRIVER_RECORD}.partial", DRIVER_LOCK, DRIVER_LOG),
    *(STOP_REQUEST, CLUSTER_JOB),
)


def home_flag(root: Path) -> str:
    """The flag that names a home to a command; empty for one that it takes by itself, in the
    directory where the search was begun."""
    usual = Path(os.environ.get("ACTSEARCH_HOME") or DEFAULT_HOME).expanduser().parts
    return "" if root.parts[-len(usual) :] == usual else f" --home {shlex.quote(str(root))}"


@dataclass(frozen=True, slots=True)
class Home:
    """A folder of searches; `root` is absolute."""

    root: Path

    @staticmethod
    def at(path: str | Path | None = None) -> Home:
        """The home at a path, else ACTSEARCH_HOME, else .actsearch in the working directory; ~ is
        the user's folder. Raises HomeUnusable for a file's path, or where there is no such
        directory any more."""
        folder = path or os.environ.get("ACTSEARCH_HOME") or DEFAULT_HOME
        try:
            root = Path(os.path.expanduser(folder)).absolute()
        except FileNotFoundError as error:
            raise HomeUnusable(
                f"the working directory was removed, so it has no home {folder}: go to another, "
                f"or say where the home is with --home"
            ) from error
        there = next(place for place in (root, *root.parents) if os.path.exists(place))
        if not there.is_dir():
            raise HomeUnusable(f"{there} is no folder, as a home is: choose another with --home")
        return Home(root)

    @property
    def searches(self) -> Path:
        return self.root / "searches"

    def names(self) -> list[str]:
        """Names of the searches, the one launched last at the end."""
        launched: list[tuple[int, Path]] = []
        for path in self.searches.glob(f"*/{CONFIG}"):  # written anew at every launch
            with suppress(FileNotFoundError):  # another process deletes it
                launched.append((path.stat().st_mtime_ns, path.parent))
        return [folder.name for _, folder in sorted(launched)]

    def incomplete(self) -> dict[str, str]:
        """Searches without a config.json: name -> what is left of them, and what to do."""
        if not self.searches.is_dir():
            return {}
        with usable(self.root):
            folders = sorted(self.searches.iterdir())
        names = set(self.names())
        left = {path: self._remains(path) for path in folders if path.name not in names}
        return {path.name: _incomplete(path, remains) for path, remains in left.items() if remains}

    def folder(self, name: str) -> Path:
        """The folder of an existing search; raises NoSuchSearch with the nearest name."""
        check_name(name)
        folder = self.searches / name
        if not (folder / CONFIG).is_file():
            if remains := self._remains(folder):
                raise NoSuchSearch(_incomplete(folder, remains))
            if holder(folder, DRIVER_LOCK) is not None:
                raise NoSuchSearch(
                    f"search '{name}' has not begun yet: `actsearch status {name}` says what it "
                    f"waits for, and `actsearch leaderboard {name} --watch` waits with it"
                )
            if (folder / DRIVER_LOG).is_file():
                raise NoSuchSearch(
                    f"search '{name}' never began; {DRIVER_LOG} there has what was printed: "
                    f"submit it again, without --resume"
                )
            raise NoSuchSearch(
                f"there is no search '{name}' in {self.root}{nearest(name, self.names())}"
            )
        return folder

    def id_of(self, name: str) -> str:
        """The id of a search, as its config.json has it; empty where it has none, or cannot be
        read: deleting a damaged one leaves what a server may have of it."""
        from ...space.bounded_input import from_json, read_bounded
        from .search_file import SIZE

        try:
            stored = from_json(read_bounded(self.searches / name / CONFIG, SIZE))
        except (OSError, ValueError):
            return ""
        identity = stored.get("id") if isinstance(stored, dict) else None
        return identity if isinstance(identity, str) else ""

    def any_folder(self, name: str) -> Path:
        """The folder of a search, or of what is left of one; raises NoSuchSearch."""
        check_name(name)
        folder = self.searches / name
        return folder if folder.is_dir() else self.folder(name)

    def check_free(self, name: str) -> None:
        """Raise InvalidSetting or NameTaken unless a new search can have the name."""
        check_name(name)
        folder = self.searches / name
        if (folder / CONFIG).is_file():
            raise NameTaken(
                f"search '{name}' exists in {self.root}: go on with it by --resume (in Python "
                f"resume=True), take another name, or remove it with `actsearch delete {name}`"
            )
        if remains := self._remains(folder):
            raise NameTaken(_incomplete(folder, remains))
        if (process := holder(folder, DRIVER_LOCK)) not in (None, os.getpid()):
            raise NameTaken(
                f"search '{name}' was submitted and is yet to begin, in process {process}: take "
                f"another name, or stop it with `actsearch stop {name}`"
            )

    def new_folder(self, name: str) -> Path:
        """A new search's folder, made; raises as `check_free`, or HomeUnusable."""
        self.check_free(name)
        folder = self.searches / name
        refuse_link(folder)
        with usable(self.root):
            make_home(self.root)
            folder.mkdir(parents=True, exist_ok=True)
            probe = folder / _PROBE
            try:
                probe.write_bytes(bytes(65536))  # a full disk often still takes an empty file
            finally:
                probe.unlink(missing_ok=True)
        return folder

    @contextmanager
    def begin(self, name: str) -> Iterator[Path]:
        """A new search's folder, made and locked for a block that has its config.json written.

        What fails before that, Ctrl-C too, finds the folder removed, with what was made in it.
        """
        try:
            folder = self.new_folder(name)
            with lock(folder):
                self.check_free(name)  # another process may have been quicker
                try:
                    yield folder
                except BaseException:
                    if not (folder / CONFIG).exists():
                        _clear(folder)
                    raise
        finally:
            with suppress(OSError):  # they hold something
                (self.searches / name).rmdir()
                self.searches.rmdir()

    def fresh_name(self) -> str:
        """search-1, or the first such number that is free."""
        return next(filter(self.is_free, (f"search-{i}" for i in range(1, 1_000_000))))

    def is_free(self, name: str) -> bool:
        """Whether nothing has a name, nor is about to."""
        folder = self.searches / name
        return (
            not (folder / CONFIG).exists()
            and not self._remains(folder)
            and holder(folder, DRIVER_LOCK) is None
        )

    def delete(self, name: str, elsewhere: Callable[[], None] = lambda: None) -> None:
        """Remove a search's folder, its configuration last: a deletion that failed on the way can
        be repeated.

        elsewhere: removes it from other stores, before the folder is touched and while
        nothing else can drive the search. Raises SearchBusy while it is driven.
        """
        folder = self.any_folder(name)
        with lock(folder):
            elsewhere()
            with usable(self.root):
                for path in folder.iterdir():
                    if path.is_dir() and not path.is_symlink():
                        shutil.rmtree(path)
                    elif path.name != CONFIG:  # while it is there, it can be asked again
                        path.unlink()
                shutil.rmtree(folder)

    def _remains(self, folder: Path) -> list[str]:
        """Names in the place of a search without a config.json, without the files of a search
        that was killed before it began."""
        with usable(self.root):
            if not folder.is_dir():
                return [folder.name] if os.path.lexists(folder) else []
            names = sorted(path.name for path in folder.iterdir())
        unused = study_file.holds_nothing(folder)
        return [
            name
            for name in names
            if name not in (*_BEGINNING, *_DRIVER)
            and not name.startswith((study_file.PARTIAL, PRIOR))
            and not (unused and name.startswith(study_file.FILE))
        ]


def _incomplete(folder: Path, remains: list[str]) -> str:
    """Why a name that is no search is not free either."""
    if not folder.is_dir():
        return f"{folder} is no folder: move it away, or take another name"
    return (
        f"{folder} is no whole search: it has {', '.join(remains)}, but no file {CONFIG}, which "
        f"says what the search was. Restore {CONFIG} from a copy and go on with --resume; or take "
        f"another name, or remove what is there with `actsearch delete {folder.name}`"
    )


def _clear(folder: Path) -> None:
    """Remove what the beginning of a search makes in its folder, which is locked."""
    with suppress(OSError):  # what stays is no search, and the next beginning removes it
        if study_file.holds_nothing(folder):
            study_file.remove(folder)
        for path in (*folder.glob(f"{PRIOR}*"), *(folder / name for name in _BEGINNING)):
            path.unlink(missing_ok=True)
