"""The best of the long searches of the default task, chosen on fresh seeds, on three networks.

    python -m records.default_finalists --home DIR [--workers 2]  # in benchmarks/; goes on
    python -m records.default_finalists --keep --home DIR         # the ledger, of a run cut short
    python -m records.default_finalists --pages                   # docs/results.md from these

A score of one run is luck as much as merit, and all searches had the same seed. So the best of
all that default_task.py trained are scored again in ROUNDS, each with seeds of its own; the BEST
of the last round are confirmed together with the best of the catalog, chosen alike. All choices
are made on validation images, and nothing that the catalog has counts as found. The scores and
what `actsearch confirm --json` said are kept in default_finalists.json beside this file, the
ledger in packs/.
"""

from __future__ import annotations

import dataclasses
import gzip
import json
import shlex
import statistics
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from actsearch.search import Home, Trial
from actsearch.search.confirmation.novelty import baseline_in_disguise
from actsearch.search.confirmation.plan import plan_of
from actsearch.search.reports.text_table import cut
from actsearch.search.storage.search_file import SearchFile
from actsearch.search.storage.trial_reader import read_trials
from actsearch.space import FingerprintIndex, fingerprint, parse
from actsearch.space.catalog.table import CATALOG

from . import default_task
from .commands import actsearch, parsed, today
from .deep_nets import put_back
from .pages import REPOSITORY, RESULTS, with_part

HERE = Path(__file__).parent
RECORD, LEDGER = HERE / "default_finalists.json", HERE / "packs" / "default-finalists.jsonl.gz"
BEGIN, END = "<!-- record of its finalists -->", "<!-- end of the record of its finalists -->"
ROUNDS: Mapping[str, Sequence[tuple[int, int]]] = {  # how many are scored again, with more seeds
    "searched": ((100, 2), (25, 5)),
    "catalog": ((30, 2), (15, 5)),
}
LISTS = {"searched": "of the searches and the table", "catalog": "of the catalog"}
BEST = 10  # of each list, that are confirmed
WHOLE_CATALOG = "long-catalog"  # the search
# Networks and seeds: a command confirms on two, the second with three seeds at most.
SHORT = "benchmarks/records/resnet20-short.toml"
CONFIRMING: Sequence[Sequence[str]] = (
    ("--recipe", "quick", "--second", "conv", "--seeds", "20"),
    ("--recipe", "conv", "--second", SHORT, "--seeds", "10"),
)
NOTHING = (
    "The scores on fresh seeds are under way; nothing was confirmed yet, and the test set was not "
    "opened."
)
NETWORKS = {"mlp": "MLP", "conv": "conv net", "resnet20": "ResNet-20, short"}


def main() -> None:
    options = parsed(__doc__.splitlines()[0], "workers", "keep")
    if options.home is not None:
        keep_ledger(options.home)
        if options.keep:
            return
        record(Home.at(options.home), options.workers)
    path = REPOSITORY / RESULTS
    path.write_text(with_record(path.read_text(), read_record()))


def record(home: Home, workers: int) -> None:
    """Run each command as far as it is missing, and keep what it gave."""
    kept = read_record()
    first = first_choice(home)
    for name in LISTS:
        begin = 1  # the searches had 0
        for number, (count, seeds) in enumerate(ROUNDS[name]):
            rounds = kept["rounds"].setdefault(name, [])
            if len(rounds) == number:
                among = first[name] if number == 0 else ranked(rounds)
                chosen = [*among][:count]
                numbers = ["--seed", str(begin), "--seeds", str(seeds), "--workers", str(workers)]
                scores = json.loads(actsearch(home.root, "score", *chosen, *numbers, "--json"))
                rounds.append({"on": today(), "seeds": [begin, seeds], "scores": scores})
                write(kept)
            begin += seeds
    confirm(home, chosen_of(kept), kept, workers)


def chosen_of(kept: Mapping[str, Any]) -> list[str]:
    """The functions that are confirmed: the best of each list by validation."""
    return [text for name in LISTS for text in [*ranked(kept["rounds"][name])][:BEST]]


def confirm(home: Home, functions: Sequence[str], kept: dict[str, Any], workers: int) -> None:
    """Confirm all together; each command is said again once all have run, with p-values corrected
    over all that the test set was shown."""
    path = home.root / "confirmations" / "confirmation.jsonl"
    if not path.exists() and LEDGER.exists():
        put_back([json.loads(line) for line in read_ledger()], path)
    commands = [["confirm", *functions, *how] for how in CONFIRMING]
    for again in (False, True):
        for number, arguments in enumerate(commands):
            if again or number >= len(kept["said"]):
                said = actsearch(home.root, *arguments, "--workers", str(workers), "--json")
                keep_ledger(home.root)
                command = shlex.join(["actsearch", *arguments])
                entry = {"command": command, "on": today(), **json.loads(said)}
                kept["said"][number : number + 1] = [entry]
                write(kept)


def first_choice(home: Home) -> dict[str, list[str]]:
    """The best by one run each, told from the baselines and from one another, of each list."""
    kept = default_task.read_record()
    means = {s["expression"]: s["mean"] for s in kept["top"]["scores"] if s["mean"] is not None}
    mirrors = [baseline_in_disguise(trial_of(text), mirrors=True) for text in means]
    scores = {t: m for (t, m), known in zip(means.items(), mirrors, strict=True) if known is None}
    for name in default_task.SEARCHES:
        if name != WHOLE_CATALOG:
            scores |= novel(home, name)
    best = sorted(scores, key=lambda text: -scores[text])
    return {"searched": unknown(best), "catalog": [*novel(home, WHOLE_CATALOG)]}


def novel(home: Home, name: str) -> dict[str, float]:
    """Scores of a search's candidates that would be its finalists, the best first."""
    default_task.restore(home, name)
    folder = home.searches / name
    file, trials = SearchFile.load(folder), read_trials(folder)
    settings = dataclasses.replace(file.settings, finalists=ROUNDS["searched"][0][0])
    plan = plan_of(dataclasses.replace(file, settings=settings), trials)
    scores = {trial.expression: trial.val_accuracy or 0.0 for trial in trials}
    return {text: scores[text] for text in plan.finalists}


def trial_of(text: str) -> Trial:
    """An expression as a trial of which nothing is known, its parameters as they start."""
    return Trial(number=0, expression=text, state="complete")


def unknown(texts: Sequence[str]) -> list[str]:
    """These without what computes the same as the catalog's, or as one before."""
    index, new = FingerprintIndex(), []
    for number, entry in enumerate(CATALOG.values()):
        index.add(fingerprint(entry.expression), number)
    for number, text in enumerate(texts, len(CATALOG)):
        key = fingerprint(parse(text))
        if index.find(key) is None:
            index.add(key, number)
            new.append(text)
    return new


def ranked(rounds: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Means over the seeds of all rounds of those in the last, the best first; none of a function
    that diverged."""
    values: dict[str, list[float]] = {}
    for scored in rounds:
        for score in scored["scores"]:
            values.setdefault(score["expression"], []).extend(score["val"])
    last = [s["expression"] for s in rounds[-1]["scores"] if not s["diverged"]]
    means = {text: statistics.fmean(values[text]) for text in last}
    return dict(sorted(means.items(), key=lambda scored: -scored[1]))


def keep_ledger(home: Path) -> None:
    """Put a home's ledger beside the record, where it has become longer."""
    path = home / "confirmations" / "confirmation.jsonl"
    if path.exists():
        lines = path.read_text().splitlines()
        if len(lines) > len(read_ledger()):
            text = "".join(f"{line}\n" for line in lines)
            LEDGER.write_bytes(gzip.compress(text.encode(), mtime=0))


def read_ledger() -> list[str]:
    """The lines that are kept; none before the first confirmation."""
    if not LEDGER.exists():
        return []
    return gzip.decompress(LEDGER.read_bytes()).decode().splitlines()


def read_record() -> dict[str, Any]:
    """The record that is committed; empty before the first."""
    if not RECORD.exists():
        return {"rounds": {}, "said": []}
    record: dict[str, Any] = json.loads(RECORD.read_text())
    return record


def write(kept: Mapping[str, Any]) -> None:
    RECORD.write_text(json.dumps(kept, separators=(",", ":")) + "\n")


def generated(kept: Mapping[str, Any]) -> str:
    """The part of the page that the record gives."""
    parts = [*rescored(kept)]
    if kept["said"]:
        parts.append("\n".join(confirmed(kept["said"])))
        commands = "\n".join(f"{said['command']}    # {said['on']}" for said in kept["said"])
        parts.append(f"```\n{commands}\n```")
    if kept["rounds"] and len(kept["said"]) < len(CONFIRMING):
        parts.append("Confirmations on other networks, and with more seeds, are under way.")
    return "\n\n".join(parts) or NOTHING


def rescored(kept: Mapping[str, Any]) -> Iterator[str]:
    """A line for each list: the best by the means of the rounds that were."""
    for name, words in LISTS.items():
        if rounds := kept["rounds"].get(name):
            seeds = sum(scored["seeds"][1] for scored in rounds)
            best = [*ranked(rounds).items()][:BEST]
            shown = ", ".join(f"`{cut(text)}` {mean:.2%}" for text, mean in best)
            yield f"The best {words}, means of validation over {seeds} fresh seeds: {shown}."


def confirmed(commands: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Rows of all functions, and the networks' differences to their best baselines."""
    rows: dict[str, dict[str, Any]] = {}
    for said in commands:  # of a network that two have, the later one is for more seeds
        for network in dict.fromkeys(row["network"] for row in said["rows"]):
            rows[network] = {r["name"]: r for r in said["rows"] if r["network"] == network}
    counts = {network: next(iter(rows[network].values()))["n"] for network in rows}
    titles = [
        f"{NETWORKS[network]}, n = {counts[network]} | to {best_baseline(rows[network])}"
        for network in rows
    ]
    yield "| | " + " | ".join(titles) + " |"
    yield "| --- |" + " --- | --- |" * len(rows)
    first = rows[next(iter(NETWORKS))]
    for name in sorted(first, key=lambda name: -(first[name]["test_mean"] or 0.0)):
        shown = f"`{cut(name)}`" if first[name]["role"] == "finalist" else name
        yield f"| {shown} | " + " | ".join(cell(rows[network][name]) for network in rows) + " |"


def best_baseline(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """The baseline that a network's differences are to: it alone has none."""
    (name,) = [n for n, r in rows.items() if r["role"] == "baseline" and r["difference"] is None]
    return name


def cell(row: Mapping[str, Any]) -> str:
    """A function's mean and spread on test images, and its difference with the verdict."""
    if row["test_mean"] is None:
        return "failed |"
    mean = f"{100 * row['test_mean']:.2f} ± {100 * row['test_sd']:.2f}"
    if row["difference"] is None:
        return f"{mean} |"
    low, high = (100 * bound for bound in row["interval"])
    verdict = "" if row["role"] == "baseline" else f" {row['verdict']}"
    return f"{mean} | {100 * row['difference']:+.2f} [{low:+.2f}, {high:+.2f}]{verdict}"


def with_record(text: str, kept: Mapping[str, Any]) -> str:
    """The page's text with its part written anew."""
    return with_part(RESULTS, text, (BEGIN, END), generated(kept))


if __name__ == "__main__":
    main()
