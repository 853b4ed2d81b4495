"""The live view has the work, the best and the time, on every width and height."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from actsearch.evaluators import CandidateReport, Job, Recipe, RungReport
from actsearch.search import Trial
from actsearch.search.display.character_plot import curve
from actsearch.search.display.live_view import view
from actsearch.search.display.tally import Tally

RECIPE = Recipe(rungs=(1, 3))
FORMULAS = tuple(f"x ** {power} * sigmoid(beta * x) + tanh(x)" for power in range(2, 11))


def report(epoch: int, **scores: float) -> RungReport:
    """Scores by index, as `i0=0.5`; those that end are below 0.5."""
    return RungReport(
        epoch=epoch,
        seconds=1.0,
        candidates=tuple(
            CandidateReport(
                index=int(name[1:]),
                state="live" if score >= 0.5 else "pruned",
                val_accuracy=score,
                val_loss=1.0,
                train_losses=(1.0,),
                learned={},
            )
            for name, score in scores.items()
        ),
    )


@pytest.fixture
def tally() -> Tally:
    """Two of three workers at work; one has reported."""
    tally = Tally()
    tally.workers(3)
    tally.begin(0, 60, "candidates")
    for number in (1, 2):
        tally.job(number, Job(FORMULAS, RECIPE, 0))
    tally.report(1, report(1, i0=0.7, i1=0.2, i2=0.6, i3=0.1))
    for number, score in ((1, 0.5), (2, 0.75), (3, 0.6)):
        trial = Trial(
            number=number, expression="x * tanh(x)", state="complete", val_accuracy=score
        )
        tally.candidate(trial)
    tally.expect(300, 4000)
    return tally


def test_trainings_of_a_confirmation_are_not_chosen_nor_waited_for() -> None:
    tally = Tally()
    tally.workers(3)
    tally.begin(0, 40, "trainings")
    assert "the workers start" in view(tally, [], 100, 40).plain
    tally.job(1, Job(FORMULAS, RECIPE, 0))
    text = view(tally, [], 100, 40).plain
    assert "1 of 3 workers at work" in text
    assert "candidates" not in text


def test_the_ends_of_the_bars_are_those_that_are_drawn(tally: Tally) -> None:
    for number in range(100):
        score = 0.76 + number / 1000
        trial = Trial(number=number, expression="x", state="complete", val_accuracy=score)
        tally.candidate(trial)
    plot = curve("x * tanh(x)", 24, 8)
    text = view(tally, plot, 100, 40).plain
    (ends,) = [line for line in text.splitlines() if line.endswith(" %")]
    assert ends.split()[-4:] == ["82.00", "to", "85.90", "%"]


def test_it_has_the_count_the_best_the_rate_the_time_and_the_workers(tally: Tally) -> None:
    text = view(tally, [], 100, 40).plain
    assert text.startswith("3/60 candidates ━━")
    assert "about 5:00 left, then 1:06:40 of confirmation" in text
    assert "best 75.00%  x * tanh(x)" in text
    assert "2 of 3 workers at work, the rest wait for candidates" in text
    assert "candidates an hour" in text


def test_it_has_each_candidate_in_training_with_its_rung_and_score(tally: Tally) -> None:
    text = view(tally, [], 100, 60).plain
    assert "epoch 1 of 3, 7 of 9 in training" in text
    assert "epoch 0 of 3, 9 in training" in text
    assert f"70.00%  {FORMULAS[0]}" in text
    assert text.count(FORMULAS[1]) == 1, "stopped in one job, in training in the other"
    tally.job_end(2)
    assert FORMULAS[1] not in view(tally, [], 100, 60).plain


@pytest.mark.parametrize("width", [20, 60, 100, 250])
@pytest.mark.parametrize("height", [3, 10, 17, 24, 60])
def test_it_is_never_wider_or_taller_than_the_terminal(
    tally: Tally, width: int, height: int
) -> None:
    for number in range(3, 12):
        tally.job(number, Job(FORMULAS, RECIPE, 0))
    lines = view(tally, curve("sin(x)", 26, 5), width, height).plain.split("\n")
    assert len(lines) <= height - 1
    assert max(map(cell_len, lines)) <= width
    if height >= 24:
        assert "… and " in "\n".join(lines)


def test_a_terminal_of_ascii_gets_no_other_characters(tally: Tally) -> None:
    bar = view(tally, [], 60, 24, ascii=True).plain.splitlines()[0]
    assert bar.isascii()
    assert "##--" in bar


def test_formulas_move_no_cursor() -> None:
    tally = Tally()
    tally.begin(0, 9, "candidates")
    tally.job(1, Job(("x \x1b[2J\n\u202e",), RECIPE, 0))
    text = view(tally, [], 100, 24).plain
    assert r"x \x1b[2J\n\u202e" in text


def test_a_curve_in_braille_has_the_shape_of_the_function() -> None:
    def heights(lines: list[str], side: slice) -> list[int]:
        """The highest line, from the bottom, with a dot that is not of an axis."""
        columns = list(zip(*lines, strict=True))[side]
        full = [[len(lines) - i for i, c in enumerate(col) if c != "⠀"] for col in columns]
        return [max(marks, default=0) for marks in full]

    lines = curve("max(x, 0)", 26, 5)
    assert [len(line) for line in lines] == [26] * 5
    assert set(heights(lines, slice(0, 12))) == {1}, "flat at the bottom on the left"
    rising = heights(lines, slice(14, 26))
    assert rising == sorted(rising)
    assert rising[-1] == 5


def test_a_curve_with_gaps_and_poles_is_drawn() -> None:
    for text in ("1 / x", "log(abs(x))", "exp(exp(x))", "2"):
        assert any(c != "⠀" for line in curve(text, 26, 5) for c in line)
