"""The Markdown notes of a search and of its confirmation."""

from __future__ import annotations

from collections.abc import Callable

from actsearch.mlflow.experiment_notes import (
    confirmation_tables,
    confirmed_note,
    headed_note,
    search_note,
)
from actsearch.mlflow.records import FinalistRecord

Finalist = Callable[..., FinalistRecord]


def test_a_row_gives_mean_spread_n_difference_interval_p_and_verdict(finalist: Finalist) -> None:
    assert (
        "| `x * sigmoid(beta * x)` | 87.50 ± 0.71 | 88.50 ± 0.71 | 2 "
        "| +0.40 [-0.10, +0.90] | 0.080 | tie |"
    ) in confirmation_tables([finalist()])


def test_each_networks_table_has_the_order_of_the_records_as_the_terminal_does(
    finalist: Finalist,
) -> None:
    baseline = {"expression": "max(x, 0)", "name": "ReLU", "verdict": "baseline"}
    bare = {"difference": None, "interval": None, "p_value": None}
    rows = [
        finalist(test_accuracies=[0.87, 0.87]),
        finalist(None, test_accuracies=[0.88, 0.88], **baseline, **bare),
        finalist(None, network="conv", test_accuracies=[0.90, 0.90], **baseline, **bare),
        finalist(network="conv", test_accuracies=[0.91, 0.91]),
    ]
    first, second = confirmation_tables(rows).split("**conv**")
    assert first.index("sigmoid") < first.index("ReLU")
    assert second.index("ReLU") < second.index("sigmoid")


def test_one_seed_has_no_spread(finalist: Finalist) -> None:
    assert "| 88.00 | 89.00 | 1 |" in confirmation_tables(
        [finalist(seeds=[1], test_accuracies=[0.88], val_accuracies=[0.89])]
    )


def test_a_function_that_diverged_on_every_seed_is_said_to(finalist: Finalist) -> None:
    gone = finalist(seeds=[], val_accuracies=[], test_accuracies=[], verdict="worse")
    assert "| diverged | diverged | 0 |" in confirmation_tables([gone])


def test_a_headline_stands_first_and_once_whatever_is_written_after_it() -> None:
    note = headed_note(search_note("mine", "", {"space": "core-1"}), "**3 of 9**")
    note = headed_note(search_note("mine", note, {"space": "core-2"}), "**9 of 9**")
    note = confirmed_note(note, "table")
    assert note.startswith("**9 of 9**\n\nSearch `mine`")
    assert "3 of 9" not in note
    assert "core-2" in note


def test_a_new_description_keeps_the_confirmation_and_a_new_confirmation_the_description() -> None:
    note = confirmed_note(search_note("mine", "", {"space": "core-1"}), "old table")
    note = search_note("mine", note, {"space": "core-2"})
    note = confirmed_note(note, "new table")
    assert "core-2" in note
    assert "core-1" not in note
    assert "new table" in note
    assert "old table" not in note
    assert note.count("## Confirmation") == 1


def test_a_bar_in_a_value_does_not_break_the_table() -> None:
    assert "| recipe | a\\|b |" in search_note("mine", "", {"recipe": "a|b"})


def test_a_table_says_what_its_intervals_are_for(finalist: Finalist) -> None:
    tables = confirmation_tables([finalist(images_error=0.001)])
    assert "paired seeds; intervals for other seeds and other test images\n" in tables
    tables = confirmation_tables([finalist(images_error=0.001), finalist(trial=1)])
    assert "paired seeds; intervals for other seeds on these test images\n" in tables
    assert "intervals" not in confirmation_tables([finalist(interval=None)])
