"""The page in a real browser: search, filters and theme work, the console is silent, and nothing else is asked for."""

import copy
from collections import Counter
from pathlib import Path

import pytest

from schemas.requirements import Recheck, Validate
from tests.validation.dataset.handmade import examples, write_data
from tests.validation.dataset.report.browser import NEEDS_BROWSER, Page
from validation.dataset.drift import compare, read_baseline
from validation.dataset.facts import Facts
from validation.dataset.gate import Judgement, judge
from validation.dataset.report.page import write_report

pytestmark = [pytest.mark.slow, NEEDS_BROWSER]
CONFIG = Validate(recheck=Recheck(sample=24))
MILLION = 1_000_000


@pytest.fixture(scope="module")
def judgement(tmp_path_factory: pytest.TempPathFactory) -> Judgement:
    return judge(write_data(tmp_path_factory.mktemp("data")), CONFIG)


@pytest.fixture(scope="module")
def report(judgement: Judgement, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    write_report(judgement, folder)
    return folder / "index.html"


def shown(tab: Page) -> int:
    return int(tab.value("document.querySelectorAll('.example:not([hidden])').length"))


def choose(tab: Page, control: str, value: str) -> None:
    tab.value(
        f"(() => {{ const one = document.getElementById({control!r}); one.value = {value!r};"
        " one.dispatchEvent(new Event('input')); })()"
    )


def assert_quiet(tab: Page, page: Path) -> None:
    assert tab.console == []
    assert tab.requests == [page.as_uri()]


def assert_fits(tab: Page) -> None:
    """Nothing reaches over the edge of the window, but what stands in a box that scrolls."""
    wide = tab.value(
        "[...document.querySelectorAll('body *')].filter((one) => one.getBoundingClientRect().right > innerWidth + 1"
        " && !one.closest('.scroll, nav, pre, math, svg')).map((one) => one.outerHTML.slice(0, 80))"
    )
    assert wide == []
    assert tab.value("document.documentElement.scrollWidth") <= tab.value("innerWidth")


def test_search_and_filters_show_what_fits_and_say_how_much(tab: Page, report: Path) -> None:
    tab.open(report.as_uri())
    total = shown(tab)
    assert total > 20
    choose(tab, "filter-format", "tir")
    tir = shown(tab)
    assert 0 < tir < total
    assert tab.value("document.getElementById('shown').textContent") == f"{tir} of {total}"
    choose(tab, "filter-source", "shop")
    assert 0 < shown(tab) < tir
    assert tab.value(
        "[...document.querySelectorAll('.example:not([hidden])')].every((one) => one.dataset.source === 'shop')"
    )
    choose(tab, "filter-format", "")
    choose(tab, "filter-source", "")
    choose(tab, "search", str(tab.value("document.querySelector('.example .id').textContent.toUpperCase()")))
    assert shown(tab) == 1
    choose(tab, "search", "stories counting")
    assert 0 < shown(tab) < total
    choose(tab, "search", "no such word")
    assert shown(tab) == 0
    choose(tab, "search", "")
    assert shown(tab) == total
    assert_quiet(tab, report)


def test_the_theme_follows_the_system_and_the_button_turns_it(tab: Page, report: Path) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    tab.size(1200, 900)
    tab.open(report.as_uri())
    light = tab.value(paper)
    tab.size(1200, 900, dark=True)
    dark = tab.value(paper)
    assert light != dark
    tab.value("document.getElementById('theme').click()")
    assert tab.value(paper) == light
    tab.value("document.getElementById('theme').click()")
    assert tab.value(paper) == dark
    tab.size(1200, 900)
    assert_quiet(tab, report)


def test_paper_is_light_whatever_the_screen_is(tab: Page, report: Path) -> None:
    tab.size(800, 1100, dark=True)
    tab.open(report.as_uri())
    tab.value("document.documentElement.dataset.theme = 'dark'")
    ink = "getComputedStyle(document.body).color"
    on_screen = tab.value(ink)
    dark = {"name": "prefers-color-scheme", "value": "dark"}
    tab.send("Emulation.setEmulatedMedia", media="print", features=[dark])
    assert tab.value(ink) != on_screen
    assert tab.value("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert tab.value(CONTRASTS) == []
    tab.send("Emulation.setEmulatedMedia", media="", features=[])


def test_print_opens_what_is_folded_without_a_script(tab: Page, report: Path) -> None:
    hidden = "[...document.querySelectorAll('details > :not(summary)')].filter((one) => !one.checkVisibility()).length"
    tab.send("Emulation.setScriptExecutionDisabled", value=True)
    try:
        tab.open(report.as_uri())
        assert tab.value(hidden) > 20
        tab.send("Emulation.setEmulatedMedia", media="print", features=[])
        tab.open(report.as_uri())
        assert tab.value(hidden) == 0
    finally:
        tab.send("Emulation.setEmulatedMedia", media="", features=[])
        tab.send("Emulation.setScriptExecutionDisabled", value=False)


def test_a_long_text_shows_its_first_lines_until_it_is_opened(tab: Page, tmp_path: Path) -> None:
    rows = examples(8)
    rows[0]["segments"][0]["text"] = "One step more. " * 400 + rows[0]["segments"][0]["text"]
    write_report(judge(write_data(tmp_path / "data", rows), CONFIG), tmp_path / "report")
    tab.size(390, 844)
    tab.open((tmp_path / "report/index.html").as_uri())
    height = "document.querySelector('.fold').getBoundingClientRect().height"
    tab.value("document.querySelectorAll('.group').forEach((one) => { one.open = true; })")
    folded = tab.value(height)
    tab.value("document.querySelector('.fold > summary').click()")
    assert 100 < folded < 400 < tab.value(height)


@pytest.mark.parametrize(("width", "height"), [(390, 844), (768, 1024), (1280, 900)])
@pytest.mark.parametrize("dark", [False, True])
def test_text_can_be_read_and_nothing_overflows(tab: Page, report: Path, width: int, height: int, dark: bool) -> None:
    tab.size(width, height, dark=dark)
    tab.open(report.as_uri())
    tab.value("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert_fits(tab)
    faint = tab.value(CONTRASTS)
    assert faint == []
    assert_quiet(tab, report)


CONTRASTS = """
(() => {
  const numbers = (text) => text.match(/[0-9.]+/g).map(Number);
  const light = (text) => numbers(text).slice(0, 3)
    .map((value) => value / 255).map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    .reduce((sum, value, at) => sum + value * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = (one) => {
    for (let node = one; node; node = node.parentElement) {
      const colour = getComputedStyle(node).backgroundColor;
      const [, , , alpha = 1] = numbers(colour);
      if (alpha === 1) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const bad = new Set();
  for (const one of document.querySelectorAll("body *")) {
    if (one.closest("svg") || !one.checkVisibility()) continue;
    if (![...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim())) continue;
    const [first, second] = [light(getComputedStyle(one).color), light(behind(one))].sort((a, b) => b - a);
    const ratio = (first + 0.05) / (second + 0.05);
    if (ratio < 4.5) bad.add(`${one.tagName}.${one.className} ${ratio.toFixed(2)}`);
  }
  return [...bad];
})()
"""
"""Text whose contrast with what stands behind it is below 4.5 to 1 (WCAG 2.2, 1.4.3)."""


def test_formulas_stay_inside_their_cards_on_a_phone(tab: Page, tmp_path: Path) -> None:
    long = "+".join(f"x_{{{at}}}" for at in range(40))
    rows = examples(2)
    for row in rows:
        row["question"] = f"Let ${long}=0$ and $${long}=1$$ hold. {row['question']}"
    write_report(judge(write_data(tmp_path / "data", rows), CONFIG), tmp_path / "report")
    tab.size(390, 844)
    tab.open((tmp_path / "report/index.html").as_uri())
    assert tab.value("document.querySelectorAll('.question math').length") > 2 * len(rows)
    over = "[...document.querySelectorAll('.question math')].filter((one) => right(one) > right(one.parentNode) + 1)"
    right = "const right = (one) => one.getBoundingClientRect().right"
    assert tab.value(f"(() => {{ {right}; return {over}.length; }})()") == 0
    assert_fits(tab)


def test_without_a_script_everything_can_be_read(tab: Page, report: Path) -> None:
    tab.send("Emulation.setScriptExecutionDisabled", value=True)
    try:
        tab.open(report.as_uri())
        counted = tab.value("document.querySelectorAll('.example').length")
        assert counted == shown(tab)
        assert tab.value("getComputedStyle(document.getElementById('filters')).display") == "none"
    finally:
        tab.send("Emulation.setScriptExecutionDisabled", value=False)


@pytest.mark.parametrize("problems", [0, 10])
def test_pages_about_little_data_are_whole(tab: Page, tmp_path: Path, problems: int) -> None:
    rows = [row for row in examples(max(problems, 1)) if row["format"] == "cot"][:problems]
    for row in rows:
        row["source"] = "a_source_whose_name_is_wider_than_a_phone_and_does_not_break"
    write_report(judge(write_data(tmp_path / "data", rows, lost=None if problems else []), CONFIG), tmp_path / "report")
    page = tmp_path / "report/index.html"
    for width in (390, 1280):
        tab.size(width, 900)
        tab.open(page.as_uri())
        assert_fits(tab)
    assert shown(tab) == problems
    assert_quiet(tab, page)


def test_a_page_about_a_million_rows_is_small_and_whole(tab: Page, judgement: Judgement, tmp_path: Path) -> None:
    write_report(grown(judgement), tmp_path)
    page = tmp_path / "index.html"
    assert page.stat().st_size < 3_000_000
    for width, dark in ((390, False), (1280, True)):
        tab.size(width, 900, dark=dark)
        tab.open(page.as_uri())
        assert_fits(tab)
        assert tab.value("new Set([...document.querySelectorAll('.heat td')].map((one) => one.className)).size") > 6
        assert tab.value(CONTRASTS) == []
    assert_quiet(tab, page)


def test_on_a_phone_no_table_but_topics_by_difficulty_scrolls_sideways(tab: Page, report: Path) -> None:
    tab.size(390, 844)
    tab.open(report.as_uri())
    tab.value("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    boxes = "[...document.querySelectorAll('.scroll')].filter((one) => !one.querySelector('.heat'))"
    assert tab.value(f"{boxes}.length") > 10
    assert tab.value(f"{boxes}.filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.innerText)") == []
    named = tab.value("getComputedStyle(document.querySelector('.stack td.number'), '::before').content")
    assert named == '"Looked at "'


def grown(judgement: Judgement) -> Judgement:
    """The judgement with the facts of a million rows: thousands of topics, sources, templates and annotators."""
    large = copy.copy(judgement)
    large.findings = copy.copy(judgement.findings)
    large.findings.facts = facts = Facts(rows=MILLION, characters=10**9, supervised=10**9, shortest=3, longest=10**6)
    for column, values in (("format", 3), ("source", 40), ("topic", 3000), ("author", 50), ("annotator", 5000)):
        facts.counts[column] = Counter({f"{column} number {at}": MILLION // values for at in range(values)})
    facts.counts["answer_kind"] = Counter({"integer": MILLION})
    facts.counts["leading_digit"] = Counter({str(digit): MILLION // digit for digit in range(1, 10)})
    facts.crosses["topic|difficulty"] = {
        f"topic number {at}": Counter({str(level): level * level for level in range(1, 11)}) for at in range(3000)
    }
    facts.crosses["licence|source"] = {"MIT": Counter({f"source number {at}": 25_000 for at in range(40)})}
    facts.lengths = {name: Counter(range(40)) for name in ("question_chars", "solution_chars", "tokens")}
    facts.weigh = {"source": {f"source number {at}": [25_000.0, 10.0**7, 25_000.0] for at in range(40)}}
    large.drift = compare(read_baseline(judgement.folder), large.findings)
    return large


def test_a_script_that_slipped_in_would_not_run(tab: Page, report: Path, tmp_path: Path) -> None:
    page = tmp_path / "index.html"
    evil = "<script>document.title = 'it ran'</script></body>"
    page.write_text(report.read_text("utf-8").replace("</body>", evil), encoding="utf-8")
    tab.open(page.as_uri())
    assert tab.value("document.title") != "it ran"
    assert "Content Security Policy" in " ".join(tab.console)
