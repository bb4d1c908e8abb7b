"""The page stays whole and safe whatever the data says, and shows the numbers of report.json."""

import copy
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from schemas.requirements import Recheck, Validate
from schemas.verdict import Status
from tests.validation.dataset.handmade import edit_manifest, examples, removals, write_data
from validation.dataset.gate import judge
from validation.dataset.report.browse import draw
from validation.dataset.report.markup import number
from validation.dataset.report.page import SECTIONS, write_report
from validation.dataset.report.section_parts import long_table
from validation.dataset.unclaimed import as_foreign

CONFIG = Validate(recheck=Recheck(sample=0))
VOID = {"meta", "input", "br", "hr"}


class Reader(HTMLParser):
    """Reads a page and notes what stands open, what would load, and every id."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.scripts = 0

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        assert not [name for name in named if name.startswith("on") or name == "style"], (tag, named)
        self.loads += [f"{tag} {name}" for name in ("src", "srcset", "poster", "data", "action") if name in named]
        if "id" in named:
            self.ids.append(named["id"])
        if "href" in named:
            self.links.append(named["href"])
        self.scripts += tag == "script"
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open, tag
        assert self.open.pop() == tag


def read(folder: Path) -> tuple[str, Reader]:
    page = (folder / "index.html").read_text("utf-8")
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    assert reader.loads == []
    assert reader.scripts == 1
    assert len(set(reader.ids)) == len(reader.ids)
    assert all(link.startswith("#") and link[1:] in reader.ids for link in reader.links)
    return page, reader


def report(data: Path, folder: Path) -> tuple[str, Reader]:
    write_report(judge(data, CONFIG), folder)
    return read(folder)


@pytest.fixture(scope="module")
def honest(tmp_path_factory) -> tuple[str, Reader, dict]:
    folder = tmp_path_factory.mktemp("honest")
    page, reader = report(write_data(folder / "data"), folder / "report")
    return page, reader, json.loads((folder / "report/report.json").read_text("utf-8"))


def test_the_page_loads_nothing_and_says_so_to_the_browser(honest):
    page, _, _ = honest
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert policy[1].startswith("default-src &#x27;none&#x27;")
    assert "unsafe" not in policy[1]
    assert not re.search(r"https?://(?!www\.w3\.org/1998/Math)", page)


def test_every_section_stands_there_with_the_verdict_first(honest):
    page, reader, _ = honest
    assert [one for one in reader.ids if one in dict(SECTIONS)] == [one for one, _ in SECTIONS if one != "drift"]
    assert page.index("This data may be trained on.") < page.index('id="checks"')


def test_the_funnel_adds_up_and_numbers_stand_in_report_json(honest):
    page, _, numbers = honest
    assert numbers["counts"] == {"rows": 28, "candidates": 76, "kept": 72, "removed": 3, "quarantined": 1}
    assert "76 candidates = 72 kept + 3 removed + 1 quarantined." in page
    assert [(step["stage"], step["left"]) for step in numbers["funnel"]] == [
        ("read", 75),
        ("decontaminate", 74),
        ("verify", 73),
        ("identify", 72),
    ]
    assert numbers["shares"]["format"]["cot"]["share_of_j"] == pytest.approx(1 / 3)
    assert numbers["categories"]["reference"] == {"independent": 36, "self": 36}


def test_names_in_backticks_are_code(honest):
    page, _, _ = honest
    assert "no <code>validate.tokenizer</code> is named" in page


def test_each_reason_shows_its_rule_and_its_evidence(honest):
    page, _, _ = honest
    assert "the solution or its program ends in another answer than the reference" in page
    assert "ends in 4, reference 5" in page
    assert "farm/0" in page


def test_examples_that_checks_name_stand_in_turn_so_that_none_crowds_out_another(tmp_path):
    judgement = judge(write_data(tmp_path), CONFIG)
    ids = [row["id"] for row in examples()]
    checks = judgement.verdict.checks
    kinds = [(Status.WARNING, ids[:20]), (Status.FAILED, ids[20:40]), (Status.WARNING, ids[40:60])]
    told = [checks[at].model_copy(update={"status": status, "ids": named}) for at, (status, named) in enumerate(kinds)]
    judgement.verdict = judgement.verdict.model_copy(update={"checks": [*told, *checks[3:]]})
    worst = [str(row.values["id"]) for row in draw(judgement) if row.shard == "worst"]
    assert worst[:6] == [ids[20], ids[0], ids[40], ids[21], ids[1], ids[41]]
    assert [sum(one in named for one in worst) for _, named in kinds] == [3, 8, 3]
    write_report(judgement, tmp_path / "report")
    page, _ = read(tmp_path / "report")
    assert page.count('class="breaks failed"') >= 8
    assert page.count(f"#example-{ids[0]}") == page.count(f"#example-{ids[27]}") == 1


def test_long_texts_are_folded_and_short_ones_are_not(tmp_path):
    rows = copy.deepcopy(examples())
    for row in rows:
        if row["format"] == "tir":
            row["segments"][0]["text"] = "One step more. " * 200
    write_report(judge(write_data(tmp_path / "data", rows), Validate(recheck=Recheck(sample=24))), tmp_path / "report")
    page, _ = read(tmp_path / "report")
    assert page.count('class="fold"') == page.count('data-format="tir"') > 2
    assert page.count('data-format="cot"') > 2
    assert page.index("Show all 3\u202f0") < page.index("One step more.")
    groups = re.findall(r'<details class="group"( open)?><summary>([^<]+) <span', page)
    assert [bool(opened) for opened, _ in groups] == [True, *[False] * (len(groups) - 1)]
    assert groups[0][1] == "Named by a check"
    assert groups[-1][1] == "Drawn at random (seed 0)"


def test_the_first_words_name_what_is_worth_a_look(honest, tmp_path):
    page, _, _ = honest
    assert "was found. The verdict is bound" in page
    rows = [row | {"quality": row["quality"] | {"question_chars": 1}} for row in examples()]
    page, _ = report(write_data(tmp_path / "data", rows), tmp_path / "report")
    assert "was found. Worth a look: question_chars_agree. The verdict is bound" in page


def test_the_pictures_of_nothing_do_not_look_like_something(tmp_path):
    page, _ = report(write_data(tmp_path / "data", [], lost=[]), tmp_path / "report")
    assert "There was no candidate." in page
    assert "Every candidate was kept." not in page
    page, _ = report(write_data(tmp_path / "lost", [], lost=removals()), tmp_path / "report")
    assert "nothing to train on. 1 of 4 candidates went by answer_conflict." in page


def test_a_source_that_lost_every_candidate_is_named_among_the_sources(tmp_path):
    lost = [row | {"source": "all_gone"} for row in removals()]
    page, _ = report(write_data(tmp_path / "data", lost=lost), tmp_path / "report")
    made_of = page[page.index('id="make-up"') : page.index('id="topics"')]
    assert "all_gone" in made_of


def test_checks_that_were_not_made_for_one_cause_share_a_line(tmp_path):
    judgement = as_foreign(judge(write_data(tmp_path / "data"), CONFIG))
    write_report(judgement, tmp_path / "report")
    page, _ = read(tmp_path / "report")
    points = page[page.index('class="points"') : page.index("Every check")]
    assert points.count("claims nothing of the kind") == 1
    assert "<code>ids_unique</code>" in points
    assert "mathmill did not curate this data: it was only read." in page


def test_answers_that_were_not_compared_are_not_called_consistent(tmp_path):
    rows = copy.deepcopy(examples())
    for row in rows:
        row["verification"] |= {"verdict": "unverified", "path": None}
    page, _ = report(write_data(tmp_path / "data", rows, skipped=("verify", "collapse")), tmp_path / "report")
    assert "No example says that its answer was compared with a reference." in page
    assert "no answer was compared" in page
    assert "the rest equal their own text" not in page
    assert "not verified</span>" in page
    assert "Left out (<code>skip</code>): collapse, verify." in page
    assert "Nobody looked for duplicates" in page


def test_large_numbers_are_never_in_powers_of_ten():
    assert [number(value) for value in (2633.3, 26.33, 0.0012, 1234567.0)] == [
        "2\u202f633",
        "26.3",
        "0.0012",
        "1\u202f234\u202f567",
    ]


def test_long_lists_of_files_are_folded_and_say_what_is_left_out():
    few, many, endless = (
        long_table("Read", ["File"], [[f"file {at}"] for at in range(number)], "file") for number in (3, 30, 300)
    )
    assert "<details" not in few
    assert "<summary>30 files</summary>" in many
    assert "100 more files: see report.json." in endless
    assert "file 200" not in endless


def test_what_is_not_trained_on_is_marked(honest):
    page, _, _ = honest
    assert "tool output · no loss here" in page
    assert page.count('class="segment output unsupervised"') == page.count('class="segment output ')
    assert 'class="segment code supervised"' in page


def test_a_sum_that_does_not_add_up_is_said_loudly(tmp_path):
    data = write_data(tmp_path / "data")
    edit_manifest(data, reseal=True, counts__kept=71)
    page, _ = report(data, tmp_path / "report")
    assert "The sum does not add up." in page
    assert "This data may not be trained on." in page
    assert page.index("sum_adds_up") < page.index('id="funnel"')


def test_hostile_rows_leave_the_page_whole(tmp_path):
    rows = copy.deepcopy(examples())
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"
    texts = [evil, "כמה זה 2 + 2? \u202eabc", "$" + "x+" * 50_000 + "x$", r"$\frac{1}{$ and \begin{align}", "{" * 500]
    for row in rows:
        row["question"] = f"{texts[row['source_row'] % len(texts)]} {row['question']}"
        row["topic"] = evil
        row["source"] = '"><script>x</script>'
    rows[0]["id"] = '"><svg onload=alert(1)>-cot'
    lost = [row | {"detail": evil, "partner": evil} for row in removals()]
    page, _ = report(write_data(tmp_path / "data", rows, lost=lost), tmp_path / "report")
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert len(page) < 3_000_000


@pytest.mark.parametrize("lost", [0, 4])
def test_a_page_without_examples_says_so_once_and_shows_no_empty_section(tmp_path, lost):
    page, reader = report(write_data(tmp_path / "data", [], lost=removals()[:lost]), tmp_path / "report")
    assert "This data may not be trained on." in page
    assert "There is no example: nothing to train on." in page
    there = [one for one in reader.ids if one in dict(SECTIONS)]
    assert there == ["checks", "funnel", "reasons", "people", "contamination", "provenance"]
    assert page.count('class="failure"') < 10
    blind = page[page.index("checks could not be made") : page.index('class="points"')]
    assert "<code>question_present</code>" in blind


def test_every_section_is_pictured_in_the_documentation():
    docs = Path(__file__).parents[4] / "docs"
    shown = set(re.findall(r"\]\(report/([a-z-]+)\.png\)", (docs / "report.md").read_text("utf-8")))
    assert shown == {path.stem for path in (docs / "report").glob("*.png")}
    assert {anchor for anchor, _ in SECTIONS} <= shown


def test_equal_judgements_give_equal_bytes(tmp_path):
    data = write_data(tmp_path / "data")
    for name in ("one", "two"):
        report(data, tmp_path / name)
    assert (tmp_path / "one/index.html").read_bytes() == (tmp_path / "two/index.html").read_bytes()
    assert (tmp_path / "one/report.json").read_bytes() == (tmp_path / "two/report.json").read_bytes()
