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

import errno
import fcntl
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ...mlflow.local_store import make_home
from ...space.errors import nearest
from ..errors import (
    HomeUnusable,
    InvalidSetting,
    NameTaken,
    NoSuchSearch,
    SearchBusy,
)
from . import study_file

DEFAULT_HOME = ".actsearch"
CONFIG = "config.json"  # written last: with it, a folder is a search
PRIOR = "prior-"  # begins the names of the tables that a search has learned from
_PROBE = ".probe"
_BEGINNING = (f"{CONFIG}.partial", _PROBE, "lock")  # beside the study; the lock goes last
LOCK = "lock"
DRIVER_RECORD, DRIVER_LOCK, DRIVER_LOG = "driver.json", "driver.lock", "driver.log"
STOP_REQUEST, CLUSTER_JOB = "driver.stop", "driver.job.json"
# Also of a search that is yet to begin.
_DRIVER = (
    *(DRIVER_RECORD, f"{DRIVER_RECORD}.partial", DRIVER_LOCK, DRIVER_LOG),
    *(STOP_REQUEST, CLUSTER_JOB),
)
_LOOKS = 10  # times that a lock is tried for: `holder` has it for microseconds
_LOOK_AGAIN = 0.02  # seconds between them
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


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
        files = self.searches.glob(f"*/{CONFIG}")  # written anew at every launch
        in_order = sorted(files, key=lambda path: (path.stat().st_mtime_ns, path.parent))
        return [path.parent.name for path in in_order]

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
            raise NoSuchSearch(
                f"there is no search '{name}' in {self.root}{nearest(name, self.names())}"
            )
        return folder

    def id_of(self, name: str) -> str:
        """The id of a search, as its config.json has it; empty where it has none, or cannot be
        read: deleting a damaged one leaves what a server may have of it."""
        from ...space.bounded_input import from_json, read_bounded
        from .config import SIZE

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
        names = (f"search-{i}" for i in range(1, 1_000_000))
        return next(
            name
            for name in names
            if not (self.searches / name / CONFIG).exists()
            and not self._remains(self.searches / name)
            and holder(self.searches / name, DRIVER_LOCK) is None
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


def can_be_name(text: str) -> bool:
    """Whether a text can name a folder and an MLflow experiment."""
    return _NAME.fullmatch(text) is not None


def name_to_resume(name: str | None) -> str:
    """The name of a search to go on with; raises InvalidSetting without one."""
    if name is None:
        raise InvalidSetting(
            "--resume needs the --name of the search; `actsearch leaderboard` lists them"
        )
    return name


def check_name(name: str) -> None:
    """Raise InvalidSetting unless it can be a search's name."""
    if not can_be_name(name):
        raise InvalidSetting(
            f"a search name is 1 to 64 letters, digits, '.', '_' or '-', starting with a letter "
            f"or digit, but got '{name}'"
        )


def refuse_link(path: Path) -> None:
    """Raise HomeUnusable for a symbolic link: what it leads to is not ours to write or remove."""
    if path.is_symlink():
        raise HomeUnusable(f"{path} is a symbolic link, which is not written through: remove it")


def refuse_special(path: Path) -> None:
    """Raise HomeUnusable for what is there and no file, or a link to none: opening a named pipe
    or a device may wait for ever."""
    if os.path.lexists(path) and not path.is_file():
        kind = "a folder" if path.is_dir() else "neither a file nor a link to one"
        raise HomeUnusable(f"{path} is {kind}, where a file should be: move it away")


@contextmanager
def lock(folder: Path, name: str = LOCK) -> Iterator[int]:
    """Hold a search's folder as the only process that drives it; raises SearchBusy.

    flock, not the file's existence: the kernel drops it when the holder dies, however it dies.
    Gives the lock's file descriptor.
    """
    refuse_link(folder)
    path = folder / name
    with usable(folder):
        refuse_link(path)
        refuse_special(path)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
    try:
        if not _is_locked(handle, folder):
            holder = _pid_in(handle) or "unknown"
            raise SearchBusy(
                f"search '{folder.name}' is being driven by process {holder}: wait for it, or "
                f"stop it with `actsearch stop {folder.name}`"
            )
        if os.fstat(handle).st_nlink == 0:  # by the process that held it, a moment ago
            raise HomeUnusable(f"{folder} was just removed by another process: try again")
        with usable(folder):
            os.ftruncate(handle, 0)
            os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield handle
    finally:
        os.close(handle)


def _is_locked(handle: int, folder: Path) -> bool:
    """Lock a file for this process alone; whether no other one has it."""
    for attempt in range(_LOOKS):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                with usable(folder):
                    raise
        if attempt < _LOOKS - 1:
            time.sleep(_LOOK_AGAIN)
    return False


def holder(folder: Path, name: str = LOCK) -> int | None:
    """The process that holds a folder's lock, 0 where it cannot be read; None: nobody does."""
    try:
        handle = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:  # it was never held, or is gone with its folder
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
            with usable(folder):
                raise
        text = _pid_in(handle)
        return int(text) if text.isdecimal() else 0
    else:
        return None
    finally:
        os.close(handle)


def _pid_in(handle: int) -> str:
    return os.pread(handle, 32, 0).decode(errors="replace").strip()


@contextmanager
def usable(path: Path, option: str = "--home") -> Iterator[None]:
    """Turn the system's refusals to write into HomeUnusable, which says what to do.

    option: of the command line, by which another place can be chosen.
    """
    try:
        yield
    except OSError as error:
        room, elsewhere = "free some space and try again", f"choose another with {option}"
        place = "" if error.filename in (None, str(path)) else f" ({error.filename})"
        advice = {
            errno.ENOSPC: room,
            errno.EDQUOT: room,
            errno.EFBIG: room,
            errno.EROFS: elsewhere,
            errno.EACCES: f"{elsewhere}, or change its owner",
            errno.EPERM: f"{elsewhere}, or change its owner",
            errno.ENOTDIR: f"move away what stands where a folder should be, or {elsewhere}",
            errno.EEXIST: f"move away what stands where a folder should be, or {elsewhere}",
            errno.EISDIR: "move away the folder that stands where a file should be",
            errno.ENOENT: (
                "it was removed meanwhile: try again"
                if option == "--home"
                else f"make that folder first, or {elsewhere}"
            ),
            errno.ELOOP: f"remove that symbolic link, or {elsewhere}",
            errno.ENOLCK: f"its file system has no locks (flock): {elsewhere}",
            errno.EOPNOTSUPP: f"its file system has no locks (flock): {elsewhere}",
        }.get(error.errno or 0)
        if advice is None:
            raise
        raise HomeUnusable(f"cannot write in {path}: {error.strerror}{place}; {advice}") from error
