"""How a search looks in the MLflow UI: saved views, and the links that open on them.

A saved view is an experiment tag that holds the UI's own state as JSON. That format is internal
to the UI and undocumented (checked on screen with MLflow 3.17.2): an MLflow that reads it no
longer shows its standard table, nothing breaks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

LEADERBOARD = "leaderboard"
CONFIRMATION = "confirmation"

RUN_NAME = "attributes.`Run Name`"  # a run's name is its formula: the column needs room


def link(experiment: str, view: str = LEADERBOARD) -> str:
    """The end of a URL, after the server's address, that opens an experiment on a saved view.

    Without the workflow type a fresh browser opens on empty charts for language models.
    """
    return (
        f"#/experiments/{experiment}/runs?workflowType=machine_learning&viewStateShareKey={view}"
    )


def leaderboard_tag(created_ms: int, with_cost: bool = False) -> dict[str, str]:
    """The view of all trained candidates, best first, with their curves as a gallery.

    with_cost: of a search that measures it.
    """
    return _tag(
        LEADERBOARD,
        created_ms,
        shown="tags.role = 'candidate' and metrics.val_accuracy > 0",
        best=_metric("val_accuracy"),
        columns=[
            _metric("val_accuracy"),
            *([_metric("cost"), _tagged("front")] if with_cost else []),
            _tagged("state"),
            _tagged("verdict"),
            _metric("epochs"),
            _metric("seconds"),
            _tagged("size"),
            _tagged("actsearch.trial"),
            _param("strategy"),
        ],
    )


def confirmation_tag(created_ms: int, networks: Sequence[str]) -> dict[str, str]:
    """The view of finalists and baselines: their figures on the test set, on each network."""
    measured = ("test_mean", "test_sd", "difference", "p_value")
    return _tag(
        CONFIRMATION,
        created_ms,
        shown="tags.confirmed = 'yes'",
        best=_metric(f"{networks[0]}/test_mean"),
        columns=[
            _tagged("verdict"),
            *(_metric(f"{network}/{name}") for network in networks for name in measured),
        ],
    )


def _tag(
    view: str, created_ms: int, *, shown: str, best: str, columns: Sequence[str]
) -> dict[str, str]:
    """The tag of a view: the runs to show as a filter, the metric to sort by, and columns."""
    state: Mapping[str, Any] = {
        "searchFilter": shown,
        "orderByKey": best,
        "orderByAsc": False,
        "selectedColumns": columns,
        "columnOrder": [RUN_NAME, "runDateAndNestInfo", *columns, "duration"],
        "columnWidths": {RUN_NAME: 340, **dict.fromkeys(columns, 105)},
        "runsHiddenMode": "FIRST_20_RUNS",
        "isAccordionReordered": True,  # keeps the gallery above the charts the UI adds itself
        "compareRunSections": [
            {"uuid": "curves", "name": "Curves", "display": True, "columns": 1, "cardHeight": 640}
        ],
        "compareRunCharts": [
            {
                "uuid": "gallery",
                "type": "IMAGE",
                "runsCountToCompare": 20,
                "metricSectionId": "curves",
                "deleted": False,
                "isGenerated": False,
                "imageKeys": ["curve"],
                "step": 0,
                "showRunParams": False,
            }
        ],
    }
    envelope = {
        "name": view.capitalize(),
        "createdAt": created_ms,
        "updatedAt": created_ms,
        "state": json.dumps(state),
    }
    return {f"mlflow.sharedViewState.{view}": json.dumps(envelope)}


def _metric(key: str) -> str:
    return f"metrics.`{key}`"


def _param(key: str) -> str:
    return f"params.`{key}`"


def _tagged(key: str) -> str:
    return f"tags.`{key}`"
