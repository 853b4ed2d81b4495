"""The only writer of MLflow: one experiment per search, one run per candidate.

MLflow is a projection of the search's own folder: whatever is lost here can be written again,
and what is written twice is there once.
"""

from __future__ import annotations

import shutil
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from . import (
    candidate_runs,
    confirmation,
    experiment_notes,
    front,
    registry,
    run_fields,
    saved_views,
    search_run,
    trimming,
)
from .candidate_runs import is_trial
from .client import TrackingRefused, connect, database, local_uri, translated
from .experiments import (
    PREFIX,
    SharedName,
    erase,
    find_local,
    find_shared,
    make_once,
    make_shared,
    retire,
)
from .figures.drawing import Drawing
from .records import CandidateRecord, FinalistRecord, FrontRecord, ModelRecord, SearchRecord
from .run_io import (
    NOTE_TAG,
    find,
    now_ms,
)

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment, Run

AHEAD = 8  # plots drawn before they are written
LONGEST_NOTE = 20_000  # characters MLflow keeps of an experiment's tag


class Tracker:
    """Writes searches to one MLflow store: a home's own SQLite file, or a server.

    Explicit run ids only, so nothing depends on, or disturbs, a run that the caller has active.
    May be used by several threads. Nothing is opened before it is needed. Every method raises
    TrackingUnavailable when the store cannot be reached or cannot store (within about ten
    seconds), and TrackingRefused when it will not take what it is given.
    """

    def __init__(
        self,
        home: Path,
        tracking_uri: str | None = None,
        id_of: Callable[[str], str] = lambda search: "",
    ) -> None:
        """id_of: the id of a search by its name, which tells it on a server from another's of that
        name; empty for one that has none."""
        self.home = home.resolve()
        self._id_of = id_of
        self.uri = tracking_uri or local_uri(home)
        self._local = self.uri == local_uri(home)
        self._client: MlflowClient | None = None
        self._opening = threading.Lock()
        self._experiments: dict[str, str] = {}

    def check(self) -> None:
        """Return if the store answers."""
        with self._talking() as client:
            client.search_experiments(max_results=1)

    def open_search(
        self,
        search: str,
        description: Mapping[str, str],
        with_cost: bool = False,
        rungs: Sequence[int] = (),
    ) -> str:
        """The id of a search's experiment, made or found, with its note and saved views, which
        have a column for each rung (epochs), and costs where the search measures them."""
        with self._talking() as client:
            experiment = self._find(client, search)
            if experiment is not None and self._is_elsewhere(experiment):
                # The home was moved or copied: its runs point at plots in the other place.
                retire(client, experiment)
                experiment = None
            experiment_id: str = (
                experiment.experiment_id if experiment is not None else self._make(client, search)
            )
            if not experiment_id:
                raise TrackingRefused(
                    f"what answers at {self.uri} does not speak MLflow's protocol: it made no "
                    f"experiment; check MLFLOW_TRACKING_URI"
                )
            previous = "" if experiment is None else experiment.tags.get(NOTE_TAG, "")
            note = experiment_notes.search_note(search, previous, description)
            tags = {
                run_fields.SEARCH_TAG: search,
                NOTE_TAG: note[:LONGEST_NOTE],
                **saved_views.leaderboard_tags(now_ms(), rungs, with_cost),
            }
            for key, value in tags.items():
                client.set_experiment_tag(experiment_id, key, value)
        self._experiments[search] = experiment_id
        return experiment_id

    def link(self, search: str) -> tuple[str, str]:
        """A search's experiment id, and what to put after `http://host:port/` to see it."""
        experiment = self._experiment(search)
        return experiment, saved_views.link(experiment)

    def written(self, search: str) -> set[int]:
        """The trials of a search whose runs are complete, with the names of this version; empty
        where MLflow does not know it."""
        with self._talking() as client:
            experiment = self._find(client, search)
            if experiment is None:
                return set()
            runs = candidate_runs.runs_of(client, experiment.experiment_id)
        return {trial for trial, run in runs.items() if candidate_runs.is_complete(run)}

    def write(self, record: CandidateRecord | SearchRecord) -> str:
        """The id of a run: written in one burst, or found if it is there already."""
        if isinstance(record, SearchRecord):
            return self.write_search(record)
        experiment = self._experiment(record.search)
        with self._talking() as client:
            run = candidate_runs.run_of(client, experiment, record.trial)
        return self._write(experiment, record, run, candidate_runs.drawing_of(record, run))

    def write_all(self, search: str, records: Iterable[CandidateRecord]) -> None:
        """Write those of a search's records that are not there yet; the next ones' plots are
        drawn meanwhile."""
        experiment = self._experiment(search)
        with self._talking() as client:
            runs = candidate_runs.runs_of(client, experiment)
        ahead: deque[tuple[CandidateRecord, Run | None, Future[Drawing] | None]] = deque()
        for record in records:
            run = runs.get(record.trial)
            if run is None or not candidate_runs.is_complete(run):
                ahead.append((record, run, candidate_runs.drawing_of(record, run)))
            if len(ahead) > AHEAD:
                self._write(experiment, *ahead.popleft())
        while ahead:
            self._write(experiment, *ahead.popleft())

    def _write(
        self,
        experiment: str,
        record: CandidateRecord,
        run: Run | None,
        drawing: Future[Drawing] | None,
    ) -> str:
        with self._talking() as client:
            return candidate_runs.write(client, experiment, record, run, drawing)

    def write_search(self, record: SearchRecord) -> str:
        """Write a search's own run, the marks of its best candidates, and the headline of its
        note; returns the run's id."""
        experiment = self._experiment(record.search)
        with self._talking() as client:
            run_id, headline = search_run.write(client, experiment, record)
            previous = client.get_experiment(experiment).tags.get(NOTE_TAG, "")
            note = experiment_notes.headed_note(previous, headline)
            if note != previous:
                client.set_experiment_tag(experiment, NOTE_TAG, note[:LONGEST_NOTE])
        return run_id

    def write_confirmation(self, records: Sequence[FinalistRecord]) -> None:
        """Write a confirmation of one search, all its functions and networks together.

        Its candidates must have been written. Raises TrackingRefused where one was not.
        """
        search = records[0].search
        experiment = self._experiment(search)
        with self._talking() as client:

            def run_of(trial: int) -> str:
                run = next(find(client, experiment, is_trial(trial)), None)
                if run is None:
                    raise TrackingRefused(
                        f"MLflow at {self.uri} has no run of trial {trial}; write it with "
                        f"`actsearch sync {search}`"
                    )
                return str(run.info.run_id)

            tables = confirmation.write(client, experiment, records, run_of)
            previous = client.get_experiment(experiment).tags.get(NOTE_TAG, "")
            note = experiment_notes.confirmed_note(previous, tables)[:LONGEST_NOTE]
            client.set_experiment_tag(experiment, NOTE_TAG, note)

    def write_front(self, record: FrontRecord) -> None:
        """Mark the runs of a search's candidates that are on its front, and plot it.

        Its candidates must have been written; one that was not stays without its mark.
        """
        experiment = self._experiment(record.search)
        with self._talking() as client:
            front.write(client, experiment, record)

    def register(self, record: ModelRecord) -> str:
        """Register the best of a search, whose run must have been written; returns its name.

        Raises TrackingRefused also where the server has no registry, or none for this.
        """
        experiment = self._experiment(record.search)
        owner = "tags.role = 'search'" if record.trial is None else is_trial(record.trial)
        with self._talking() as client:
            run = next(find(client, experiment, owner), None)
            if run is None:
                raise TrackingRefused(f"MLflow at {self.uri} has no run of the best candidate")
            name = self._shared_name(record.search)
            return registry.register(client, experiment, run.info.run_id, record, name)

    def close_open_runs(self, search: str) -> int:
        """Mark the runs that a killed process left RUNNING as killed; return how many."""
        with self._talking() as client:
            experiment = self._find(client, search)
            if experiment is None:
                return 0
            condition = "attributes.status = 'RUNNING'"
            left = list(find(client, experiment.experiment_id, condition))
            for run in left:
                client.set_terminated(run.info.run_id, "KILLED")
            return len(left)

    def delete_search(self, search: str) -> None:
        """Remove a search, so that its name is free again; return quietly if it is not there.

        From a home's own store it is gone for good, plots included. On a server it is in the
        trash under another name, until `mlflow gc` runs there.
        """
        self._experiments.pop(search, None)
        if self._local and not database(self.home).exists():
            return
        with self._talking() as client:
            experiment = self._find(client, search)
            if experiment is None:
                return
            registry.delete(client, self._shared_name(search))
            retire(client, experiment)
            if self._local and not self._is_elsewhere(experiment):
                erase(client, experiment)
                shutil.rmtree(self._artifacts(search), ignore_errors=True)

    def trim_search(self, search: str, keep: Set[int]) -> int:
        """Remove the runs of a search's candidates but those of some trials; how many went. From a
        home's own store for good, plots included; on a server into the trash."""
        artifacts = self.artifacts(search)
        experiment = self._experiment(search)
        with self._talking() as client:
            removed = trimming.trim(client, experiment, keep, artifacts)
            if removed and artifacts is not None:
                trimming.shrink(database(self.home))
        return removed

    def artifacts(self, search: str) -> Path | None:
        """Where a search's files are in a home's own store; None for a server's."""
        return self._artifacts(search) if self._local else None

    def _find(self, client: MlflowClient, search: str) -> Experiment | None:
        """The search's experiment, if it has one."""
        if self._local:
            return find_local(client, search)
        return find_shared(client, self._shared_name(search))

    def _make(self, client: MlflowClient, search: str) -> str:
        """The id of an experiment made for a search: its files go to an absolute place in the
        home, or where a server puts them."""
        if self._local:
            location = self._artifacts(search).as_uri()
            return make_once(client, PREFIX + search, location)
        return make_shared(client, self._shared_name(search))

    def _shared_name(self, search: str) -> SharedName:
        return SharedName(search, "" if self._local else self._id_of(search))

    @contextmanager
    def _talking(self) -> Iterator[MlflowClient]:
        with self._opening:
            if self._client is None:
                self._client = connect(self.uri, database(self.home) if self._local else None)
        with translated(self.uri):
            yield self._client

    def _experiment(self, search: str) -> str:
        """The id of a search's experiment; raises TrackingRefused if there is none."""
        if search not in self._experiments:
            with self._talking() as client:
                experiment = self._find(client, search)
            if experiment is None:
                raise TrackingRefused(
                    f"MLflow at {self.uri} has no search '{search}'; write it with "
                    f"`actsearch sync {search}`"
                )
            self._experiments[search] = experiment.experiment_id
        return self._experiments[search]

    def _artifacts(self, search: str) -> Path:
        # Quoted and with a prefix, so that no name leads out of the folder.
        return self.home / "artifacts" / f"search-{quote(search, safe='')}"

    def _is_elsewhere(self, experiment: Experiment) -> bool:
        search = experiment.name.removeprefix(PREFIX)
        return self._local and experiment.artifact_location != self._artifacts(search).as_uri()
