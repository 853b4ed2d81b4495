"""README.md and docs/results.md show the records that are committed, and these their ledgers."""

from __future__ import annotations

import importlib
import json
import re
import statistics
from pathlib import Path
from typing import Any

import pytest

from actsearch.evaluators import recipe_from_name
from actsearch.search.storage.confirmation_log import ConfirmationLog
from actsearch.search.storage.shown_functions import ShownFunctions
from actsearch.space.catalog.entry import Entry
from actsearch.space.catalog.winners import WINNERS

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(REPOSITORY / "benchmarks"))
    return importlib.import_module("records.pages")


@pytest.mark.parametrize("name", ["README.md", "docs/results.md"])
def test_a_page_is_what_make_readme_writes_from_the_record(pages: Any, name: str) -> None:
    text = (REPOSITORY / name).read_text()
    assert name in pages.PAGES
    assert pages.with_record(name, text, pages.read_record()) == text


def test_another_record_changes_its_part_of_a_page_alone(pages: Any) -> None:
    text = (REPOSITORY / "README.md").read_text()
    printed = "trial\n    1\n\nmlp\nReLU\n\nx ties with ReLU: no winner.\n(actsearch 0.2, 2 cores)"
    record = pages.Record.of("make search", "abc1234", 754.4, printed)
    changed = pages.with_record("README.md", text, record)
    assert "after 12 min 34 s" in " ".join(changed.split())
    assert "actsearch 0.2, 2 cores" in " ".join(changed.split())
    assert "```\nx ties with ReLU: no winner.\n```" in changed, "the verdict, without tables"
    assert pages.with_record("README.md", changed, pages.read_record()) == text


def test_a_record_is_read_as_it_was_saved(
    pages: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = pages.Record.of("make search", "abc1234", 60.0, "± of the leaderboard\n\ntables\n")
    record.save(tmp_path / "search.json")
    monkeypatch.setattr(pages, "RECORD", tmp_path / "search.json")
    assert pages.read_record() == record
    assert record.strategy == "surrogate", "the default"


@pytest.fixture
def deep_nets(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(REPOSITORY / "benchmarks"))
    return importlib.import_module("records.deep_nets")


def test_the_part_about_deep_nets_is_what_its_record_gives(deep_nets: Any) -> None:
    text = (REPOSITORY / deep_nets.RESULTS).read_text()
    assert deep_nets.with_record(text, deep_nets.read_record()) == text


@pytest.mark.parametrize("name", ["deep-no-gain", "deep"])
def test_each_mean_of_a_confirmation_is_that_of_its_lines_in_the_ledger(
    name: str, deep_nets: Any
) -> None:
    record, digest = deep_nets.read_record(), recipe_from_name(name).digest
    scores: dict[str, list[float]] = {}
    for line in record["ledger"]:
        if line["kind"] == "training" and line["recipe"] == digest:
            scores.setdefault(line["expression"], []).append(line["test"])
    printed = record["confirmations"][name]
    openings = [o for o in record["ledger"] if o["kind"] == "opening" and digest in o["recipes"]]
    for expression in openings[-1]["finalists"]:
        assert len(scores[expression]) == deep_nets.SEEDS
        (row, *_) = [row for row in printed.splitlines() if row.startswith(expression[:40])]
        assert f" {statistics.fmean(scores[expression]):.2%} ± " in row


def test_a_new_home_goes_on_with_the_openings_of_the_record(
    deep_nets: Any, tmp_path: Path
) -> None:
    ledger = deep_nets.read_record()["ledger"]
    deep_nets.put_back(ledger, tmp_path / "confirmations" / "confirmation.jsonl")
    showings = ShownFunctions(tmp_path).read()
    assert [s.at for s in showings] == [o["at"] for o in ledger if o["kind"] == "opening"]
    assert [o.openings_before for o in ConfirmationLog(tmp_path / "confirmations").openings] == [
        *range(len(showings))
    ]


@pytest.mark.parametrize("entry", WINNERS, ids=lambda entry: entry.name)
def test_a_winner_of_the_catalog_won_by_what_its_note_says(entry: Entry, deep_nets: Any) -> None:
    printed = deep_nets.read_record()["confirmations"][deep_nets.RECIPE]
    (row, *_) = [row for row in printed.splitlines() if row.startswith(entry.formula)]
    assert row.endswith("winner")
    difference = re.search(r"[+-]\S+ \[\S+ \S+\]", row)
    assert difference is not None
    assert f"n = {deep_nets.SEEDS}: {difference[0]} points over GELU" in entry.note
    assert "vs GELU" in printed.splitlines()[0]
    assert f"recipe {deep_nets.RECIPE})" in entry.note


def record_of(name: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(REPOSITORY / "benchmarks"))
    return importlib.import_module(f"records.{name}")


PARTS = ["default_finalists", "default_task", "own_networks", "transfer", "published_search"]


@pytest.mark.parametrize("name", PARTS)
def test_a_part_of_the_results_is_what_its_record_gives(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = record_of(name, monkeypatch)
    text = (REPOSITORY / module.RESULTS).read_text()
    assert module.with_record(text, module.read_record()) == text


def test_what_a_transfer_says_of_a_function_is_in_its_ledger(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = record_of("transfer", monkeypatch)
    kept = module.read_record()
    assert {*kept} <= {*module.NETWORKS}
    for network, record in kept.items():
        rows = {row["expression"]: row for row in record["said"]["rows"]}
        assert {*module.functions()} <= {*rows}, network
        for text, row in rows.items():
            scores = [
                line["test"]
                for line in record["ledger"]
                if line["kind"] == "training"
                and (line["network"], line["expression"]) == (row["network"], text)
            ]
            assert len(scores) == module.SEEDS
            assert row["test_mean"] == pytest.approx(statistics.fmean(scores))


def test_what_is_said_of_the_best_of_the_default_task_is_in_their_ledger(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = record_of("default_finalists", monkeypatch)
    kept, lines = module.read_record(), [json.loads(line) for line in module.read_ledger()]
    openings = [line for line in lines if line["kind"] == "opening"]
    assert {*openings[0]["finalists"]} == {*module.chosen_of(kept)}, "as validation chose them"
    assert [*openings[0]["finalists"]] == [*openings[-1]["finalists"]]
    assert kept["said"]
    for said in kept["said"]:
        for row in said["rows"]:
            scores = {
                line["seed"]: line["test"]
                for line in lines
                if line["kind"] == "training"
                and (line["network"], line["expression"]) == (row["network"], row["expression"])
            }
            assert len(row["seeds"]) == row["n"]
            mean = statistics.fmean(scores[seed] for seed in row["seeds"])
            assert row["test_mean"] == pytest.approx(mean)


def test_a_replay_and_a_search_are_a_table_and_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    module = record_of("own_networks", monkeypatch)
    figures: dict[str, Any] = {"floor": 0.234}
    for name in module.ROWS:
        figures[f"{name}.n"] = 2_000 if name == "random" else 50
        for kind in module.KINDS:
            for count in module.AT:
                figures[f"{name}.{kind}.regret_at_{count}"] = count / 100
                figures[f"{name}.{kind}.quartiles_at_{count}"] = [0.0, 2.0]
    record = {
        "replays": {"vit": {"command": "python replay", "on": "commit abc", "figures": figures}},
        "searches": {
            "vit": {
                "command": "actsearch search",
                "on": "commit abc",
                "seconds": 61.2,
                "printed": "x",
            }
        },
    }
    page = module.generated(record)
    assert "`python replay` (commit abc); resolution 0.23 points:" in page
    cells = " | ".join(f"{value:.2f} [0.00, 2.00]" for value in (0.25, 0.5, 1.0))
    assert f"| at random, n = 2,000 | {cells} | {cells} | 12% | 25% | 50% |" in page
    assert page.count(", n = 50 |") == len(module.ROWS) - 1
    assert page.endswith(
        "`actsearch search` (commit abc) took 1 min 1 s and printed:\n\n```\nx\n```"
    )


def test_the_path_of_a_home_is_no_part_of_a_record(monkeypatch: pytest.MonkeyPatch) -> None:
    module = record_of("commands", monkeypatch)
    line = "the best, as a module that needs only torch: /tmp/home/searches/a/best/activation.py"
    assert module.without_home(f"\ntrial\n\ntables\n\n{line}\n") == "trial\n\ntables"


@pytest.mark.parametrize("entry", WINNERS, ids=lambda entry: entry.name)
def test_a_winner_that_fails_elsewhere_says_so(
    entry: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = record_of("transfer", monkeypatch).read_record()["resnet"]["said"]["rows"]
    (row,) = [row for row in rows if row["expression"] == entry.formula]
    assert (row["verdict"] == "worse") == ("points behind PReLU" in entry.note)
    if row["verdict"] == "worse":
        assert entry.note.endswith(f"n = 5, points behind PReLU: {-100 * row['difference']:.0f}")


def test_a_kept_training_says_which_images_were_right_as_its_accuracy_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = record_of("published_search", monkeypatch)
    kept = [training for training in module.recorded(module.TRAININGS) if training.hits]
    assert {training.name for training in kept} >= {*module.chosen(module.read_record())}
    for training in kept:
        assert training.right.mean() == pytest.approx(training.accuracy, abs=1e-9)
