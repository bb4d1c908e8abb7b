"""Data Docs on request: the numbers are ours, and nothing is asked for over the network."""

import re

import pytest

from schemas.requirements import Recheck, Validate
from tests.validation.dataset.handmade import examples, write_data
from tests.validation.dataset.report.browser import NEEDS_BROWSER
from validation.dataset.gate import judge
from validation.dataset.report.data_docs import without_network, write_data_docs

CONFIG = Validate(recheck=Recheck(sample=0))


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("docs")
    rows = examples()
    rows[2] = rows[2] | {"weight": 0.0}
    write_data_docs(judge(write_data(folder / "data", rows), CONFIG), folder / "docs")
    return folder / "docs/index.html"


def test_every_rule_stands_there_with_what_was_counted(page):
    text = " ".join(re.sub(r"<[^>]+>", " ", page.read_text("utf-8")).split())
    assert "Evaluated Expectations 38 Successful Expectations 36 Unsuccessful Expectations 2" in text  # one not checked
    assert "1 unexpected values found. ≈1.389% of 72 total rows" in text


def test_nothing_loads_and_nothing_leads_away(page):
    text = page.read_text("utf-8")
    assert not re.search(r"<(script|img|link|iframe)\b", text, re.IGNORECASE)
    assert not re.search(r"""(?:src|href|action|url)\s*[=(]\s*["']?(?:https?:)?//""", text, re.IGNORECASE)
    assert text.count("default-src 'none'") == 1


def test_what_would_load_is_taken_out():
    evil = '<head></head><body><script src="//a/b.js">x\n</script><IMG SRC="https://a/?id=1"><a href="https://a">b</a>'
    clean = without_network(evil)
    assert "//a" not in clean
    assert "<a>b</a>" in clean


@pytest.mark.slow
@NEEDS_BROWSER
def test_a_browser_asks_for_the_page_alone(page, tab):
    tab.open(page.as_uri())
    assert tab.requests == [page.as_uri()]
    assert tab.value("document.body.innerText.includes('expect_answers_verified')")
