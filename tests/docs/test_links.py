"""Links lead somewhere: to a file of this repository, to a heading that is there."""

import re
from pathlib import Path

import pytest

from tests.docs.reading import DOCUMENTS, REPOSITORY, anchors, links, read_document


def broken(target: str, document: Path) -> bool:
    path, _, anchor = target.partition("#")
    file = (document.parent / path).resolve() if path else document
    if not file.exists():
        return True
    return bool(anchor) and anchor not in anchors(file.read_text(encoding="utf-8"))


def missing_paths(text: str) -> list[str]:
    """Files of this repository that a document names in its code and that are not there."""
    named = [
        word for span in read_document(text).spans for word in re.findall(r"(?<![\w./:-])[\w.-]+(?:/[\w.-]+)+", span)
    ]
    ours = [path.split("/") for path in named if (REPOSITORY / path.split("/")[0]).is_dir()]
    written = ["/".join(parts) for parts in ours if not any(part.isupper() for part in parts)]  # NAME stands for one
    return [path for path in written if not (REPOSITORY / path).exists()]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(document: Path):
    assert [target for target in links(document.read_text(encoding="utf-8")) if broken(target, document)] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_that_is_named_is_there(document: Path):
    assert missing_paths(document.read_text(encoding="utf-8")) == []


def test_every_document_is_reached_from_the_index():
    index = REPOSITORY / "docs" / "README.md"
    reached = {(index.parent / target).resolve() for target in links(index.read_text(encoding="utf-8"))}
    assert set(DOCUMENTS) - reached == {index}


def test_every_picture_is_shown():
    shown = {
        (document.parent / target).resolve()
        for document in DOCUMENTS
        for target in links(document.read_text(encoding="utf-8"))
    }
    assert set((REPOSITORY / "docs").rglob("*.png")) - shown == set()


@pytest.mark.parametrize(
    "text",
    [
        "[a](nowhere.md)",
        "![a picture](pictures/nowhere.png)",
        "[a](docs/config.md#no-such-heading)",
        "[a](#no-such-heading)",
        "```\ncode\n```\n[after code](nowhere.md)",
    ],
)
def test_a_broken_link_is_found(text: str):
    assert [target for target in links(text) if broken(target, REPOSITORY / "README.md")]


@pytest.mark.parametrize(
    "text",
    [
        "[a](docs/config.md#train)",
        "[a](docs/config.md#curateverifylimits-evaluatelimits)",
        "[elsewhere](https://example.org/nowhere)",
        "`[code](nowhere.md)`",
        "```\n[code](nowhere.md)\n```",
        "words\n\n    [code](nowhere.md)\n",
    ],
)
def test_a_link_that_leads_somewhere_or_is_none_passes(text: str):
    assert [target for target in links(text) if broken(target, REPOSITORY / "README.md")] == []


def test_a_file_that_is_not_there_is_found_and_a_users_own_is_none_of_ours():
    assert missing_paths("look at `schemas/nowhere.py` and `python schemas/exits.py`") == ["schemas/nowhere.py"]
    assert missing_paths("`DATA/quality/verdict.json`, `hf://docs/dataset`, `org/dataset`, `schemas/NAME`") == []
