"""Cells stand in columns; what is wider than a stated width pushes the rest of its line only."""

from __future__ import annotations

import pytest

from actsearch.search.reports.text_table import WIDEST, Column, Table, cut, text_table


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


WIDE = (Column("formula", wraps=12), Column("accuracy of it", ">", 20), Column("verdict", wraps=8))
ROWS = [("x * sigmoid(beta * x) + tanh(x)", "81.20% ± 0.31", "winner"), ("relu(x)", "80.00%", "")]


@pytest.mark.parametrize("fit", [40, 47, 60, 72, 80, 200])
def test_a_table_is_no_wider_than_asked_and_keeps_every_word(fit: int) -> None:
    text = text_table(WIDE, ROWS, fit)
    assert max(map(len, text.splitlines())) <= fit
    words = sorted(word for row in ROWS for cell in row for word in cell.split())
    shown = [word.strip(",") for word in text.split()]
    assert all(word in shown for word in words)


def test_a_table_that_fits_is_as_without_a_width() -> None:
    assert text_table(WIDE, ROWS, 200) == text_table(WIDE, ROWS)


def test_a_wrapped_cell_goes_on_in_its_own_column() -> None:
    assert text_table(WIDE, ROWS[:1], 44).splitlines() == [
        "                        accuracy of",
        "formula                          it  verdict",
        "x * sigmoid(beta *    81.20% ± 0.31  winner",
        "x) + tanh(x)",
    ]


def test_where_wrapping_is_not_enough_a_row_is_a_paragraph() -> None:
    columns = (Column("mlp"), Column("test accuracy"), Column("vs ReLU"), Column("p Holm"))
    rows = [("sin(x)", "75.70% ± 0.43", "+1.04 [-1.72, +3.79]", "0.742")]
    assert text_table(columns, rows, 44).splitlines() == [
        "mlp",
        "sin(x)",
        "  test accuracy 75.70% ± 0.43,",
        "  vs ReLU +1.04 [-1.72, +3.79], p Holm 0.742",
    ]


def test_a_tables_page_is_escaped() -> None:
    page = Table([Column("<b>"), Column("n", ">")], [("x < 1 & y", "2")]).html()
    assert "<b>" not in page
    assert "&lt;b&gt;" in page
    assert "x &lt; 1 &amp; y" in page
    assert page.count("text-align:right") == 2
