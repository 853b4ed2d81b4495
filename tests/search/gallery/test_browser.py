"""The gallery in a real browser: order, filters, keyboard, comparison, accessibility."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from actsearch.search import Home, Trial
from actsearch.search.gallery.content import content
from actsearch.search.gallery.page import gallery_page, read_gallery, render
from actsearch.search.storage.search_file import SearchFile
from contracts.gallery import FORMULAS

pytestmark = pytest.mark.long
Show = Callable[..., Page]


@pytest.fixture
def page(show: Show, file: SearchFile, trials: Sequence[Trial]) -> Page:
    return show(gallery_page(file, trials, None))


def formulas(page: Page) -> list[str]:
    """Formulas of the cards, in their order."""
    return page.locator(".card .open").all_text_contents()


def count(page: Page) -> str:
    return page.locator("#count").inner_text()


def test_cards_stand_best_first_and_in_the_order_asked_for(page: Page) -> None:
    assert formulas(page) == [*FORMULAS, "cosh(exp(x))"]
    page.select_option("#sort", "newest first")
    assert formulas(page) == ["cosh(exp(x))", *FORMULAS]
    page.select_option("#sort", "in the order of the search")
    assert formulas(page) == [*reversed(FORMULAS), "cosh(exp(x))"]
    page.select_option("#sort", "fewest operations first")
    assert formulas(page)[0] == "max(x, 0)"


def test_the_lineage_is_a_tree_of_who_came_from_whom(
    show: Show, file: SearchFile, trial: Callable[..., Trial]
) -> None:
    parent, other = trial(0, "tanh(x)", 0.80), trial(1, "x", 0.60)
    child = trial(2, "x * tanh(x)", 0.82, parents=(0, 1), mutation="crossing")
    grandchild = trial(3, "x * sin(x)", 0.70, parents=(2,), mutation="mutation")
    page = show(gallery_page(file, [parent, other, child, grandchild], None))
    page.get_by_text("As a tree").click()
    first = page.locator(".tree > li", has_text="crossing of #0 and #1, 82.00 %")
    assert first.locator(":scope > button").inner_text() == "tanh(x)"
    below = first.locator(":scope > ul > li > ul > li")
    assert below.inner_text() == "x * sin(x) mutation, 70.00 %"
    assert first.locator(".better").all_inner_texts() == ["crossing of #0 and #1, 82.00 %"]
    below.get_by_role("button").click()
    expect(page.get_by_role("dialog")).to_contain_text("from x * tanh(x)")


def test_without_parents_there_is_no_lineage(page: Page) -> None:
    expect(page.get_by_text("As a tree")).to_have_count(0)


def test_a_card_has_score_spread_cost_name_and_shape(page: Page) -> None:
    text = page.locator(".card", has_text="max(x, 0)").inner_text()
    for part in ("3.", "trial 3", "82.00 %", "±", "1 op", "ReLU", "kinks", "increasing"):
        assert part in text
    diverged = page.locator(".card", has_text="cosh(exp(x))").inner_text()
    assert "the loss is nan at epoch 1" in diverged
    expect(page.locator(".card .thumb svg")).to_have_count(7)


@pytest.mark.parametrize(
    ("chips", "left"),
    [
        (["diverged"], ["cosh(exp(x))"]),
        (["complete", "diverged"], [*FORMULAS, "cosh(exp(x))"]),
        (["bounded"], ["tanh(x)", "exp(-(x * x))"]),
        (["bounded", "monotone"], ["tanh(x)"]),
        (
            ["smooth", "complete"],
            [formula for formula in FORMULAS if formula != "max(x, 0)"],
        ),
    ],
)
def test_filters_leave_what_has_the_property(
    page: Page, chips: list[str], left: list[str]
) -> None:
    for chip in chips:
        page.get_by_label(re.compile(f"^{chip} ")).check()
    assert formulas(page) == left
    if len(left) < 7:
        assert count(page) == (f"{len(left)} of 7 candidates, best first")
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".card")).to_have_count(7)


def test_text_and_operator_narrow_the_list_and_its_live_count(page: Page) -> None:
    page.fill("#text", "SIN min")
    assert formulas(page) == ["min(x, sin(x))"]
    page.fill("#text", "#3")
    assert formulas(page) == ["max(x, 0)"]
    page.fill("#text", "")
    page.select_option("#operator", "tanh")
    assert formulas(page) == ["tanh(x)", "x * tanh(x)"]
    assert count(page) == "2 of 7 candidates, best first"
    assert page.locator("#count").get_attribute("aria-live") == "polite"
    page.fill("#text", "nothing like it")
    assert formulas(page) == []
    assert "Clear the filters" in page.locator("#empty").inner_text()


def test_the_whole_way_by_keyboard(page: Page) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "text"
    page.keyboard.type("tanh")
    page.keyboard.press("Escape")
    expect(page.locator(".card")).to_have_count(7)
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("j")
    page.keyboard.press("c")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert page.evaluate("document.activeElement.innerText") == FORMULAS[1]
    page.keyboard.press("c")
    page.keyboard.press("v")
    assert page.locator("#compare-title").inner_text() == "2 compared"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.innerText") == FORMULAS[1]
    page.keyboard.press("Enter")
    assert page.locator("#detail-title").inner_text() == FORMULAS[1]
    page.keyboard.press("ArrowRight")
    assert page.locator("#detail-title").inner_text() == FORMULAS[2]
    page.keyboard.press("Escape")
    assert not page.locator("dialog[open]").count()


def test_letters_are_no_shortcuts_once_that_is_switched_off(page: Page) -> None:
    page.get_by_label("letters are shortcuts").uncheck()
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.id") == "shortcuts"


def test_two_to_four_are_compared_in_one_plot(page: Page) -> None:
    boxes = page.locator(".pick input")
    boxes.nth(0).check()
    compare = page.locator("#tray").get_by_role("button", name="Compare", exact=True)
    compare.click(force=True)  # one is not enough
    assert not page.locator("dialog[open]").count()
    for place in (1, 2, 3):
        boxes.nth(place).check()
    boxes.nth(4).click()
    assert not boxes.nth(4).is_checked()
    assert "Four are chosen" in count(page)
    compare.click()
    plots = page.locator("#compare figure")
    assert plots.locator("h3").all_inner_texts() == [
        "Functions", "Slopes", "Validation accuracy", "Training loss",
    ]  # fmt: skip
    assert plots.nth(0).locator("path.of").count() == 4
    assert plots.nth(0).locator("path.ref").count() == 1
    page.get_by_label("Baseline beside them").select_option("none")
    assert plots.nth(0).locator("path.ref").count() == 0
    assert page.locator("#compare tbody tr").count() == 4


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (390, False)])
def test_axe_has_nothing_to_say(show: Show, finished: Home, width: int, dark: bool) -> None:
    page = show(read_gallery(finished.folder("mine")), width=width, dark=dark)
    page.wait_for_selector("#charts .panel")
    assert not violations(page)
    page.locator(".open").nth(0).click()
    assert not violations(page)
    page.keyboard.press("Escape")
    for place in (0, 1):
        page.locator(".pick input").nth(place).check()
    assert not violations(page)
    page.keyboard.press("v")
    assert not violations(page)
    page.keyboard.press("Escape")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def violations(page: Page) -> list[Any]:
    """Violations that axe-core reports, by every rule it has by default."""
    faults = Axe().run(page).response["violations"]
    return [(v["id"], [node["html"][:200] for node in v["nodes"]]) for v in faults]


def test_a_confirmation_is_a_table_of_every_function_with_its_verdict(
    show: Show, finished: Home
) -> None:
    page = show(read_gallery(finished.folder("mine")))
    tables = page.locator("#comparisons table")
    assert tables.count() == 2
    assert tables.nth(0).locator("tbody tr").count() == 2 + 6
    assert tables.nth(0).locator("tr.finalist .tag").count() == 2
    assert "Test set opened 1 time" in page.locator("#verdict").inner_text()
    assert page.locator(".card .tag", has_text=re.compile("tie|worse|winner")).count() >= 2


def test_markup_in_a_search_stays_text(
    show: Show, trial: Callable[..., Trial], trials: list[Trial], file: SearchFile
) -> None:
    attack = "</script><script>alert(1)</script><img src=x onerror=alert(2)><!--"
    data = content(file, [*trials, trial(9, attack, 0.5, reason=attack)], None)
    data["search"] |= {"name": attack, "verdict": attack, "settings": [(attack, attack)]}
    data["candidates"][1] |= {"known_as": attack, "same_as": attack, "operators": [attack]}
    page = show(render(data))
    assert page.locator("h1").inner_text() == attack
    assert attack in formulas(page)
    page.locator(".open", has_text="alert").click()
    assert page.locator("#detail-title").inner_text() == attack
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 2


def test_a_thousand_candidates_are_made_as_the_browser_rests(
    show: Show, file: SearchFile, trials: Sequence[Trial]
) -> None:
    data = content(file, trials, None)
    kinds = data["candidates"]
    data["candidates"] = [
        copy.deepcopy(kinds[n % len(kinds)]) | {"trial": n, "rank": n + 1} for n in range(1000)
    ]
    text = render(data)
    assert len(text.encode()) < 5e6
    page = show(text)
    expect(page.locator(".card")).to_have_count(1000, timeout=60_000)
    assert page.locator(".thumb svg").count() < 100  # those near the view
    page.fill("#text", "sigmoid")
    assert count(page).startswith("143 of 1,000 candidates")
    page.fill("#text", "")
    page.select_option("#sort", "newest first")
    expect(page.locator(".card")).to_have_count(1000, timeout=60_000)
    page.locator(".card").last.scroll_into_view_if_needed()
    expect(page.locator(".card").last.locator(".thumb svg")).to_have_count(1)
