"""The best of a search under the published protocol, beside the published table's best row.

    python -m records.published_search --home DIR [--workers 2]  # in benchmarks/; goes on
    python -m records.published_search --pages                   # docs/results.md from these

Validation images choose: the best of a search of core-1 under `dldna-validation`, each candidate
trained once. They are then trained by published.py, with both momenta, on all images as published,
and once more with weights scaled by the activation and the best of four step sizes, and compared
with the book's best row, seed by seed and test image by test image; p-values are corrected over
all that was chosen, under all three. The leaderboard is kept in published_search.json beside this
file, the trainings in published.jsonl.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from published import FITTED, Result, mean_sd, recipe_of, recorded
from published import RECORD as TRAININGS

from actsearch.evaluators.paired_statistics import PairedComparison, compare, holm, verdict

from .commands import actsearch, parsed, today
from .pages import REPOSITORY, RESULTS, with_part

RECORD = Path(__file__).with_name("published_search.json")
BEGIN, END = "<!-- record of the published search -->", "<!-- end of that record -->"
SELECTING = "dldna-validation"
SEARCH = "dldna-core-1"
ARGUMENTS: Sequence[str] = ("--recipe", SELECTING, "--candidates", "100")
BEST = 5  # of the search, that are reported
REPORTING: Mapping[str, int] = {"dldna": 10, "dldna-0.8": 10, FITTED.name: 5}  # with the seeds
RIVAL = "ELU, learnable"  # the book's best row
BESIDE = ("STAF", "PReLU", "Tanh", "ReLU")  # other rows of the book, as published.py has them


def main() -> None:
    options = parsed(__doc__.splitlines()[0], "workers")
    if options.home is not None:
        record(options.home, options.workers)
    path = REPOSITORY / RESULTS
    path.write_text(with_record(path.read_text(), read_record()))


def record(home: Path, workers: int) -> None:
    """Run each command as far as it is missing, and keep what it gave."""
    if not RECORD.exists():
        searching = ["search", "--name", SEARCH, *ARGUMENTS, "--no-confirm"]
        begun = (home / "searches" / SEARCH).exists()
        actsearch(home, *searching, "--workers", str(workers), *["--resume"] * begun)
        rows = json.loads(actsearch(home, "leaderboard", SEARCH, "--json"))
        kept = {
            "command": " ".join(["actsearch", *searching]),
            "on": today(),
            "board": [[row["expression"], row["state"], row["rungs"]] for row in rows],
        }
        RECORD.write_text(json.dumps(kept, separators=(",", ":")) + "\n")
    script = str(REPOSITORY / "benchmarks" / "published.py")
    names = [*chosen(read_record()), RIVAL]
    for recipe, seeds in REPORTING.items():
        options = ["--recipes", recipe, "--seeds", str(seeds), "--functions", *names]
        subprocess.run([sys.executable, script, *options], cwd=REPOSITORY, check=True)


def chosen(kept: Mapping[str, Any]) -> list[str]:
    """The best of the search by validation."""
    return [text for text, _, _ in kept["board"][:BEST]]


def read_record() -> dict[str, Any]:
    """The record that is committed."""
    record: dict[str, Any] = json.loads(RECORD.read_text())
    return record


def against(ours: Sequence[Result], theirs: Sequence[Result]) -> PairedComparison:
    """A function with the rival over the seeds of both, in the order of the seeds."""
    rivals = {result.seed: result for result in theirs}
    pairs = [(result, rivals[result.seed]) for result in ours if result.seed in rivals]
    known = [(a.right, b.right) for a, b in pairs]
    by_image = [a.astype(float) - b for a, b in known if a is not None and b is not None]
    return compare(
        [a.accuracy for a, _ in pairs],
        [b.accuracy for _, b in pairs],
        np.stack(by_image) if by_image else None,
    )


def rows(
    names: Sequence[str], formulas: Sequence[str], label: str, trainings: Sequence[Result]
) -> Iterator[tuple[str, str]]:
    """A name with its cell under a recipe: mean, spread, seeds, and the difference to the rival;
    of the formulas with the verdict after correction."""
    trained = {n: [t for t in trainings if (t.recipe, t.name) == (label, n)] for n in names}
    beside = [n for n in names if trained[n] and n != RIVAL]
    compared = {n: against(trained[n], trained[RIVAL]) for n in beside}
    p_values = [compared[n].p_value for n in formulas]
    adjusted = dict(zip(formulas, holm(p_values, len(formulas) * len(REPORTING)), strict=True))
    for name in names:
        if not trained[name]:
            yield name, " | "
            continue
        mean, spread = mean_sd([100 * t.accuracy for t in trained[name]])
        cell = f"{mean:.2f} ± {spread:.2f}, n = {len(trained[name])}"
        if (c := compared.get(name)) is not None and c.interval is not None:
            low, high = (100 * bound for bound in c.interval)
            cell += f" | {100 * c.difference:+.2f} [{low:+.2f}, {high:+.2f}]"
            if name in adjusted:
                cell += f" {verdict(c, adjusted[name])}"
        else:
            cell += " | "
        yield name, cell


def generated(kept: Mapping[str, Any], trainings: Sequence[Result]) -> str:
    """The part of the page that the record gives."""
    formulas = chosen(kept)
    names = [*formulas, RIVAL, *BESIDE]
    done = {(t.recipe, t.name) for t in trainings}
    labels = {name: recipe_of(name).label for name in REPORTING}
    labels = {n: la for n, la in labels.items() if all((la, text) in done for text in formulas)}
    cells = [dict(rows(names, formulas, label, trainings)) for label in labels.values()]
    head = " | ".join(f"`{recipe}` | to {RIVAL}" for recipe in labels)
    first = next(iter(labels.values()))
    lines = [
        f"| {f'`{name}`' if name in formulas else name} | {' | '.join(c[name] for c in cells)} |"
        for name in sorted(names, key=lambda name: -mean_of(name, first, trainings))
    ]
    board = ", ".join(
        f"`{text}` {rungs[max(rungs, key=int)]:.2%}" for text, _, rungs in kept["board"][:BEST]
    )
    return (
        f"`{kept['command']}` ({kept['on']}).\nThe best on validation images, one run each: "
        f"{board}.\n\n| test accuracy, % | {head} |\n| --- |{' --- |' * 2 * len(labels)}\n"
        + "\n".join(lines)
    )


def mean_of(name: str, label: str, trainings: Sequence[Result]) -> float:
    """A function's mean test accuracy under a recipe."""
    return statistics.fmean(t.accuracy for t in trainings if (t.recipe, t.name) == (label, name))


def with_record(text: str, kept: Mapping[str, Any]) -> str:
    """The page's text with its part written anew."""
    return with_part(RESULTS, text, (BEGIN, END), generated(kept, recorded(TRAININGS)))


if __name__ == "__main__":
    main()
