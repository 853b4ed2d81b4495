"""The parts of README.md and docs/results.md that are written from the record of `make search`.

    make readme

README has the verdict, docs/results.md the leaderboard and the tables. Each part stands between
two comments, which name it; the record is search.json beside this file.
"""

from __future__ import annotations

import dataclasses
import json
import textwrap
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from actsearch.evaluators import Recipe
from actsearch.search.storage.config import STRATEGY
from actsearch.search.storage.recipe_rules import second_recipe

RECORD = Path(__file__).with_name("search.json")
REPOSITORY = Path(__file__).resolve().parents[2]
RESULTS = "docs/results.md"
PAGES = ("README.md", RESULTS)
BEGIN, END = "<!-- record of make search -->", "<!-- end of the record -->"
COLUMNS = 100  # of README's lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One run of the main job.

    strategy, recipe, second: what it searched and confirmed with. seconds: wall clock of all of
    it, start-up included. printed: the leaderboard, an empty line, the confirmation.
    """

    command: str
    commit: str
    date: str
    strategy: str
    recipe: str
    second: str
    seconds: float
    printed: str

    @staticmethod
    def of(command: str, commit: str, seconds: float, printed: str) -> Record:
        """The record of a run that has just ended, with the defaults that it had."""
        recipe = Recipe()
        second = second_recipe(recipe, None)
        assert second is not None
        return Record(
            command=command,
            commit=commit,
            date=date.today().isoformat(),
            strategy=STRATEGY,
            recipe=recipe.label,
            second=second.label,
            seconds=round(seconds, 1),
            printed=printed.strip("\n"),
        )

    @property
    def verdict(self) -> str:
        """The sentences under the tables, before the line of versions and machine."""
        verdict, versions = self.printed.splitlines()[-2:]
        assert versions.startswith("(actsearch "), versions
        return verdict

    @property
    def machine(self) -> str:
        """The machine it ran on, with the versions."""
        return self.printed.splitlines()[-1].strip("()")

    @property
    def duration(self) -> str:
        """The time it took, in words."""
        return duration(self.seconds)

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(dataclasses.asdict(self), indent=1, ensure_ascii=False) + "\n")


def duration(seconds: float) -> str:
    """A time in words."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def read_record() -> Record:
    """The record that is committed."""
    return Record(**json.loads(RECORD.read_text()))


def generated(page: str, record: Record) -> str:
    """The part of a page that a record gives."""
    then = "" if record.strategy == STRATEGY else ", the default then"
    about = f"strategy `{record.strategy}`{then}, commit {record.commit}, {record.date}"
    if page == RESULTS:
        return (
            f"`{record.command}` ({about}; recipe `{record.recipe}`, second network\n"
            f"`{record.second}`) took {record.duration} and printed:\n\n```\n{record.printed}\n```"
        )
    sentence = (
        f"What `{record.command}` said from a new home after {record.duration} ({about}; "
        f"{record.machine}). [Results](docs/results.md#the-default-search) has the tables:"
    )
    verdict = textwrap.fill(record.verdict, COLUMNS)
    filled = textwrap.fill(sentence, COLUMNS, break_on_hyphens=False)  # a link stays in one piece
    return f"{filled}\n\n```\n{verdict}\n```"


def with_record(page: str, text: str, record: Record) -> str:
    """A page's text with its part written anew."""
    return with_part(page, text, (BEGIN, END), generated(page, record))


def with_part(page: str, text: str, marks: tuple[str, str], part: str) -> str:
    """A page's text with what stands between two of its comments written anew."""
    begin, end = marks
    before, start, rest = text.partition(begin)
    _, stop, after = rest.partition(end)
    assert start, f"{page} has no {begin}"
    assert stop, f"{page} has no {end} after it"
    return f"{before}{begin}\n{part}\n{end}{after}"


def write_pages() -> None:
    """Write each page from the record."""
    record = read_record()
    for page in PAGES:
        path = REPOSITORY / page
        path.write_text(with_record(page, path.read_text(), record))


if __name__ == "__main__":
    write_pages()
