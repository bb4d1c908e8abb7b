import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from pipelines.review.app import application
from pipelines.review.guards import CSRF, Keys
from pipelines.review.journal import journals
from pipelines.review.office import Office, Terms
from pipelines.review.opened import OpenedData, opened_data
from pipelines.review.serve import Asked, queues_of
from tests.small_disk import small_disk
from tests.tiny import read_lines


class Browser:
    """A browser of one person, without the script: it sends what the script would."""

    def __init__(self, app: Any) -> None:
        self.client = TestClient(app, base_url="http://127.0.0.1:8765")
        self.csrf = ""

    def open(self, address: str = "/") -> dict[str, Any]:
        html = self.client.get(address).text
        found = re.search(r'name="mathmill-csrf" content="(\w+)"', html)
        assert found, html[:300]
        self.csrf = found[1]
        state = re.search(r'<script type="application/json" id="state">(.*?)</script>', html)
        return dict(json.loads(state[1])) if state else {}

    def post(self, action: str, **form: Any) -> Any:
        headers = {CSRF: self.csrf, "content-type": "application/json"}
        return self.client.post(f"/{action}", content=json.dumps(form), headers=headers)


@pytest.fixture
def open_page(opened: OpenedData, tmp_path: Path) -> Iterator[Callable[..., Browser]]:
    with journals(tmp_path) as (decided, audits):

        def made(person: str | None = "ana", terms: Terms | None = None) -> Browser:
            terms = terms or Terms()
            office = Office(opened, queues_of(opened, Asked(sample=3)), decided, audits, terms)
            return Browser(application(office, Keys(), host="127.0.0.1", person=person))

        yield made


def test_a_key_writes_a_line_and_brings_the_next_row(open_page: Callable[..., Browser], tmp_path: Path) -> None:
    page = open_page()
    state = page.open()
    assert (state["queue"], state["person"], state["card"]["left"]) == ("quarantined", "ana", 24)
    card = state["card"]
    answer = page.post("decide", queue="quarantined", ticket=card["ticket"], vote="accepted", comment="fine").json()
    assert answer["told"] == "accepted"
    assert answer["card"]["ticket"] != card["ticket"]
    assert answer["card"]["left"] == 23
    (line,) = read_lines(tmp_path / "decisions.jsonl")
    assert (line["decision"], line["annotator"], line["comment"]) == ("accepted", "ana", "fine")


def test_an_old_form_writes_nothing_and_brings_the_open_row(open_page: Callable[..., Browser], tmp_path: Path) -> None:
    page = open_page()
    card = page.open()["card"]
    first = page.post("decide", queue="quarantined", ticket=card["ticket"], vote="accepted")
    again = page.post("decide", queue="quarantined", ticket=card["ticket"], vote="accepted")
    assert (first.status_code, again.status_code) == (200, 409)
    assert again.json()["card"]["ticket"] == first.json()["card"]["ticket"]
    assert len(read_lines(tmp_path / "decisions.jsonl")) == 1


@pytest.mark.parametrize(
    ("action", "form", "status"),
    [
        ("decide", {"vote": "accepted"}, 400),
        ("decide", {"ticket": "x", "vote": "perhaps"}, 400),
        ("decide", {"ticket": "x", "vote": "undone"}, 400),
        ("fly", {"vote": "accepted"}, 400),
        ("jump", {"group": "first"}, 400),
        ("jump", {"group": 99}, 400),
        ("settle", {"group": 99, "vote": "accepted"}, 400),
        ("settle", {"group": -1, "vote": "accepted"}, 400),
        ("settle", {"group": 0, "vote": "undone"}, 400),
        ("settle", {"group": 0, "vote": "accepted"}, 409),
        ("decide", {"ticket": "x", "vote": "accepted", "queue": "adjudicate"}, 403),
    ],
)
def test_what_is_no_form_of_ours_is_refused(
    open_page: Callable[..., Browser], tmp_path: Path, action: str, form: dict[str, Any], status: int
) -> None:
    page = open_page()
    page.open()
    assert page.post(action, **{"queue": "quarantined", **form}).status_code == status
    assert (tmp_path / "decisions.jsonl").read_bytes() == b""


def test_a_full_disk_is_said_and_nothing_is_decided(open_page: Callable[..., Browser], tmp_path: Path) -> None:
    page = open_page()
    card = page.open()["card"]
    with small_disk(64):
        answer = page.post("decide", queue="quarantined", ticket=card["ticket"], vote="accepted")
    assert answer.status_code == 507
    assert "not written, and not decided: File too large" in answer.json()["told"]
    assert page.open()["card"]["ticket"] == card["ticket"]
    assert page.post("decide", queue="quarantined", ticket=card["ticket"], vote="accepted").status_code == 200


@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_what_is_told_of_a_decision_is_true_where_the_data_is_made_anew(
    questionable: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    folder, said = Path(shutil.copytree(questionable, tmp_path / "data")), tmp_path / "said"
    with opened_data(folder) as data, journals(said) as (decided, audits):
        office = Office(data, queues_of(data, Asked(sample=3)), decided, audits, Terms())
        page = Browser(application(office, Keys(), host="127.0.0.1", person="ana"))
        card = page.open()["card"]

        def end() -> None:
            shutil.rmtree(folder / "rejected")
            (folder / "manifest.json").unlink()

        if when == "before":
            end()
        else:  # behind the write, in front of the next row
            monkeypatch.setattr(OpenedData, "require_same", end_then(end, OpenedData.require_same))
        form = {"queue": "quarantined", "ticket": card["ticket"], "vote": "accepted"}
        texts = {"corrected": {**card["texts"], "answer": "19.0"}} if when == "before" else {}
        office._ready.clear()
        answer = page.post("decide", **form, **texts)
        assert answer.status_code == 503
        told = answer.json()["told"]
        assert "was made anew while it is open here" in told
        assert told.startswith("not written, and not decided" if when == "before" else "accepted; but no other row")
        assert len(read_lines(said / "decisions.jsonl")) == (0 if when == "before" else 1)
        late = page.post("decide", **form)
        assert late.status_code == 503
        assert late.json()["told"].startswith("accepted; but" if when == "before" else "that form was answered already")
        assert len(read_lines(said / "decisions.jsonl")) == 1
        assert "was made anew" in page.post("rerun", queue="quarantined").json()["html"]


def end_then(end: Callable[[], None], then: Callable[[OpenedData], None]) -> Callable[[OpenedData], None]:
    def both(data: OpenedData) -> None:
        if data.folder.joinpath("manifest.json").is_file():
            end()
        then(data)

    return both


def test_an_edit_of_the_answer_and_of_the_text(open_page: Callable[..., Browser], tmp_path: Path) -> None:
    page = open_page()
    card = page.open()["card"]
    send = {"queue": "quarantined", "vote": "accepted"}
    texts = card["texts"]
    refused = page.post("decide", **send, ticket=card["ticket"], corrected={**texts, "answer": "20"})
    assert refused.status_code == 409
    assert "the solution ends in 19, so 20 would contradict it" in refused.json()["told"]
    answer = page.post("decide", **send, ticket=card["ticket"], corrected={**texts, "answer": "19.0"}).json()
    assert answer["told"] == "corrected"
    card = answer["card"]
    mended = {**card["texts"], "solution": "13+10=23. The answer is 23."}
    card = page.post("decide", **send, ticket=card["ticket"], corrected=mended).json()["card"]
    card = page.post("decide", **send, ticket=card["ticket"], corrected=card["texts"]).json()["card"]
    lines = read_lines(tmp_path / "decisions.jsonl")
    assert [(line["decision"], line.get("corrected")) for line in lines] == [
        ("accepted", {"answer": "19.0"}),
        ("rejected", mended),
        ("accepted", None),
    ]
    (row,) = read_lines(tmp_path / "corrected-cot.jsonl")
    assert (row["solution"], row["corrected_from"]) == (mended["solution"], lines[1]["row_id"])
    for _ in range(2):
        page.post("undo", queue="quarantined")
    assert not (tmp_path / "corrected-cot.jsonl").exists()


def test_each_browser_asks_for_a_name_where_none_is_given(open_page: Callable[..., Browser], tmp_path: Path) -> None:
    page = open_page(person=None)
    assert page.open() == {}
    assert page.post("who", person=" \u202e ").status_code == 400
    assert page.post("who", person="  ben   b. ").json()["told"] == "hello ben b."
    state = page.open()
    assert state["person"] == "ben b."
    page.post("decide", queue="quarantined", ticket=state["card"]["ticket"], vote="rejected")
    assert read_lines(tmp_path / "decisions.jsonl")[0]["annotator"] == "ben b."


def test_the_next_person_at_a_browser_gives_a_name(open_page: Callable[..., Browser], tmp_path: Path) -> None:
    page = open_page(person="ana")
    assert page.open()["person"] == "ana"
    page.open("/who")
    assert page.post("who", person="ben").json()["told"] == "hello ben"
    page.post("decide", queue="quarantined", ticket=page.open()["card"]["ticket"], vote="rejected")
    assert read_lines(tmp_path / "decisions.jsonl")[0]["annotator"] == "ben"


def test_a_corrected_row_that_the_disk_does_not_take_is_written_later(
    open_page: Callable[..., Browser], tmp_path: Path
) -> None:
    page = open_page()
    card = page.open()["card"]
    (tmp_path / "corrected-cot.jsonl").mkdir()
    mended = {**card["texts"], "solution": "12+7=19. The answer is 19."}
    form = {"queue": "quarantined", "vote": "accepted", "corrected": mended}
    answer = page.post("decide", **form, ticket=card["ticket"])
    assert answer.status_code == 200
    assert answer.json()["told"].startswith("corrected; corrected rows cannot be written: ")
    (tmp_path / "corrected-cot.jsonl").rmdir()
    card = answer.json()["card"]
    page.post("decide", **{**form, "corrected": {**card["texts"], "solution": "It is 23."}}, ticket=card["ticket"])
    assert len(read_lines(tmp_path / "corrected-cot.jsonl")) == len(read_lines(tmp_path / "decisions.jsonl")) == 2


@pytest.mark.parametrize("cookie", ["mathmill_person=é.é", "mathmill_access=é", "mathmill_person=%ff.0"])
def test_a_cookie_of_other_letters_is_nobodys(open_page: Callable[..., Browser], cookie: str) -> None:
    page = open_page(person=None)
    assert page.client.get("/", headers={"cookie": cookie.encode()}).status_code == 200
    assert page.client.get("/groups", headers={"cookie": cookie.encode()}).status_code == 403


def test_votes_of_others_are_seen_by_the_adjudicator_alone(open_page: Callable[..., Browser]) -> None:
    app = open_page(terms=Terms(2, frozenset({"eva"})), person=None).client.app
    people = {}
    for name in ("ana", "ben", "eva"):
        people[name] = Browser(app)
        people[name].open()
        people[name].post("who", person=name)
    for name, vote in (("ana", "accepted"), ("ben", "rejected")):
        card = people[name].open()["card"]
        assert "secret of" not in card["html"]
        form = {"ticket": card["ticket"], "vote": vote, "comment": f"secret of {name}"}
        assert people[name].post("decide", queue="quarantined", **form).status_code == 200
    assert "adjudicate" not in str(people["ana"].client.get("/?queue=adjudicate").url)
    card = people["eva"].open("/?queue=adjudicate")["card"]
    assert "secret of ana" in card["html"]
    assert "secret of ben" in card["html"]
    assert people["eva"].post("decide", queue="adjudicate", ticket=card["ticket"], vote="rejected").status_code == 200
    standing = people["eva"].client.get("/standing").text
    assert "1 were decided by one" in standing


def test_audits_are_kept_apart_and_give_the_precision_of_each_reason(
    open_page: Callable[..., Browser], tmp_path: Path
) -> None:
    page = open_page()
    card = page.open("/?queue=audit")["card"]
    for vote in ("accepted", "accepted", "rejected", "accepted"):
        card = page.post("decide", queue="audit", ticket=card["ticket"], vote=vote).json()["card"]
    assert (tmp_path / "decisions.jsonl").read_bytes() == b""
    assert len(read_lines(tmp_path / "audits.jsonl")) == 4
    standing = page.client.get("/standing").text
    assert "of 2" in standing
    assert "arithmetic_error" in standing


def test_groups_and_programs_are_told(open_page: Callable[..., Browser]) -> None:
    page = open_page()
    page.open()
    (group,) = page.client.get("/groups?queue=quarantined").json()["groups"]
    assert group == {"at": 0, "title": "arithmetic error", "rows": 24, "left": 24, "decided": 0}
    assert "holds no program" in page.post("rerun", queue="quarantined").json()["html"]
    assert page.client.get("/groups?queue=nothing").status_code == 403


def test_no_folder_is_served(open_page: Callable[..., Browser]) -> None:
    page = open_page()
    for address in ("/decisions.jsonl", "/%2e%2e/pyproject.toml", "/static/x"):
        assert page.client.get(address).status_code in (404, 405)
    assert page.client.get("/review.js").headers["content-type"].startswith("text/javascript")
    assert page.client.get("/review.css").headers["content-type"].startswith("text/css")
