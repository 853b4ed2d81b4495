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
GALLERY = "gallery"
CONFIRMATION = "confirmation"

ORDER = "leaderboard_order"  # metrics to sort by: as run_fields.py and confirmation.py write them
CONFIRMED_ORDER = "confirmation_order"
TOP_TAG = "top"  # on the best candidates: their place, 1 being the best
PICTURES = 10  # that MLflow's image grid shows at most
TIE_TAG = "tie"

RUN_NAME = "attributes.`Run Name`"  # a run's name is its formula: the column needs room
NARROWEST, LETTER, MARGIN = 60, 7.5, 24  # pixels of a column, as wide as its heading


def link(experiment: str, view: str = LEADERBOARD) -> str:
    """The end of a URL, after the server's address, that opens an experiment on a saved view.

    Without the workflow type a fresh browser opens on empty charts for language models.
    """
    charts = "&compareRunsMode=CHART" if view == GALLERY else ""
    return (
        f"#/experiments/{experiment}/runs?workflowType=machine_learning&viewStateShareKey={view}"
        f"{charts}"
    )


def leaderboard_tags(
    created_ms: int, rungs: Sequence[int], with_cost: bool = False
) -> dict[str, str]:
    """The views of candidates, best first: all that reached a rung, and the pictures of the best.

    rungs: epochs; each has a column of its own, the last one first. with_cost: of a search that
    measures it.
    """
    first, last = (
        (f"val_percent/epoch_{epoch(rungs)}" for epoch in (min, max))
        if rungs
        else ("val_percent", "val_percent")
    )
    columns = [
        *(_metric(f"val_percent/epoch_{epoch}") for epoch in sorted(rungs, reverse=True)),
        _tagged(TIE_TAG),
        _metric("standard_error_points"),
        *([_metric("cost"), _tagged("front")] if with_cost else []),
        _tagged("verdict"),
        _tagged("state"),
        _param("size"),
        _metric("seconds"),
        _tagged("actsearch.trial"),
        _tagged("parents"),
    ]
    return {
        **_tag(
            LEADERBOARD,
            created_ms,
            shown=f"tags.role = 'candidate' and metrics.{ORDER} > 0",
            best=_metric(ORDER),
            columns=columns,
            charts=[
                _curves("val_percent"),
                _parallel(first),  # which all have reached
                *([_scatter("cost", last)] if with_cost else []),
            ],
        ),
        # The grid shows the runs of the table from its end: there the best has to stand.
        **_tag(
            GALLERY,
            created_ms,
            shown=f"tags.role = 'candidate' and tags.{TOP_TAG} LIKE '%'",
            best=_metric(ORDER),
            worst_first=True,
            columns=columns,
            charts=[_pictures()],
        ),
    }


def confirmation_tag(created_ms: int, networks: Sequence[str]) -> dict[str, str]:
    """The view of finalists and baselines in the terminal's order, with their figures on each
    network."""
    columns = [
        _tagged("verdict"),
        *(
            column
            for network in networks
            for column in (
                _metric(f"{network}/test_percent_mean"),
                _metric(f"{network}/test_percent_sd"),
                _metric(f"{network}/val_percent_mean"),
                _metric(f"{network}/difference_points"),
                _tagged(f"{network}/interval"),
                _metric(f"{network}/p_value"),
            )
        ),
    ]
    return _tag(
        CONFIRMATION,
        created_ms,
        shown="tags.confirmed = 'yes'",
        best=_metric(CONFIRMED_ORDER),
        columns=columns,
        charts=[_bars(f"{network}/test_percent_mean") for network in networks],
    )


def _tag(
    view: str,
    created_ms: int,
    *,
    shown: str,
    best: str,
    columns: Sequence[str],
    charts: Sequence[Mapping[str, Any]],
    worst_first: bool = False,
) -> dict[str, str]:
    """The tag of a view: the runs to show as a filter, the metric to sort by, columns, charts."""
    pictures = view == GALLERY
    state: Mapping[str, Any] = {
        "searchFilter": shown,
        "orderByKey": best,
        "orderByAsc": worst_first,
        "selectedColumns": columns,
        "columnOrder": [RUN_NAME, "runDateAndNestInfo", *columns, "duration"],
        "columnWidths": {RUN_NAME: 320, **{column: _width(column) for column in columns}},
        "runsHiddenMode": "FIRST_20_RUNS",
        "isAccordionReordered": True,  # keeps ours above the charts the UI adds itself
        "compareRunSections": [
            {
                "uuid": view,
                "name": view.capitalize(),
                "display": True,
                "columns": 1 if pictures else 2,
                "cardHeight": 760 if pictures else 420,
            }
        ],
        "compareRunCharts": [
            {
                "uuid": f"{view}-{place}",
                "metricSectionId": view,
                "deleted": False,
                "isGenerated": False,
                "runsCountToCompare": 20,
                **chart,
            }
            for place, chart in enumerate(charts)
        ],
    }
    envelope = {
        "name": view.capitalize(),
        "createdAt": created_ms,
        "updatedAt": created_ms,
        "state": json.dumps(state),
    }
    return {f"mlflow.sharedViewState.{view}": json.dumps(envelope)}


def _pictures() -> Mapping[str, Any]:
    return {"type": "IMAGE", "imageKeys": ["curve"], "step": 0, "showRunParams": False}


def _curves(metric: str) -> Mapping[str, Any]:
    """A metric by epoch."""
    return {
        "type": "LINE",
        "metricKey": metric,
        "selectedMetricKeys": [metric],
        "selectedXAxisMetricKey": "",
        "xAxisKey": "step",
        "xAxisScaleType": "linear",
        "scaleType": "linear",
        "lineSmoothness": 0,
        "useGlobalXaxisKey": False,
        "range": {},
    }


def _bars(metric: str) -> Mapping[str, Any]:
    return {"type": "BAR", "metricKey": metric}


def _scatter(across: str, up: str) -> Mapping[str, Any]:
    return {
        "type": "SCATTER",
        "xaxis": {"key": across, "type": "METRIC"},
        "yaxis": {"key": up, "type": "METRIC"},
    }


def _parallel(metric: str) -> Mapping[str, Any]:
    """Parallel coordinates: properties of candidates against the metric."""
    return {
        "type": "PARALLEL",
        "selectedParams": ["operators", "size", "smooth", "bounded", "monotone"],
        "selectedMetrics": [metric],
        "showAllRuns": True,
    }


def _width(column: str) -> int:
    return max(NARROWEST, round(LETTER * len(column.split("`")[1]) + MARGIN))


def _metric(key: str) -> str:
    return f"metrics.`{key}`"


def _param(key: str) -> str:
    return f"params.`{key}`"


def _tagged(key: str) -> str:
    return f"tags.`{key}`"
