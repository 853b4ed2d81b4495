"""Cells stand in columns; what is wider than a stated width pushes the rest of its line only."""

from __future__ import annotations

from actsearch.search.reports.text_table import WIDEST, Column, cut, text_table


def test_a_column_is_as_wide_as_its_widest_cell_or_its_heading() -> None:
    columns = (Column("name"), Column("n", ">", gap=3), Column("verdict"))
    assert text_table(columns, [("relu", "1000", "tie"), ("x", "7", "")]).splitlines() == [
        "name     n   verdict",
        "relu  1000   tie",
        "x        7",
    ]


def test_a_longer_cell_exceeds_a_stated_width_in_its_own_line() -> None:
    columns = (Column("name", width=4, gap=1), Column("formula"))
    assert text_table(columns, [("a", "x"), ("longer", "y")]).splitlines() == [
        "name formula",
        "a    x",
        "longer y",
    ]


def test_without_headings_there_is_no_line_for_them() -> None:
    assert text_table([Column(), Column()], [("eta", "0"), ("f", "x")]) == "eta  0\nf    x"


def test_a_long_formula_is_cut_and_marked() -> None:
    assert cut("x" * WIDEST) == "x" * WIDEST
    assert cut("x" * (WIDEST + 1)) == "x" * (WIDEST - 1) + "…"


def test_a_cell_moves_no_cursor_and_hides_nothing() -> None:
    table = text_table([Column("name")], [["\x1b[2Jmine\r\u202eevil\n"]])
    assert table == "name\n" + r"\x1b[2Jmine\r\u202eevil\n"
