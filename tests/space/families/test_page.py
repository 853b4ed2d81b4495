"""docs/families.md shows every family as it is now."""

from __future__ import annotations

from pathlib import Path

import pytest

from actsearch.space import (
    FAMILIES,
)

DOCS = Path(__file__).resolve().parents[3] / "docs"
ADVICE = "run python docs/families/draw.py"


@pytest.mark.parametrize("name", FAMILIES)
def test_the_page_has_its_formula_source_and_plot(name: str) -> None:
    page = (DOCS / "families.md").read_text().replace("\\|", "|")
    assert f"**{name}**<br>![{name}](families/{name}.png)" in page, ADVICE
    assert f"`{FAMILIES[name].formula}`" in page, ADVICE
    assert FAMILIES[name].source in page, ADVICE
    assert (DOCS / "families" / f"{name}.png").stat().st_size < 20_000, ADVICE
