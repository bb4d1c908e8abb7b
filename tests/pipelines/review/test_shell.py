import json
import re

import pytest

from pipelines.review.shell import name_of, nothing_left, page, who_page

STATE = {"queue": "quarantined", "person": "ana", "name": "data", "card": {"html": "</script><b>"}}


def test_what_is_embedded_ends_no_script() -> None:
    html = page(state=STATE, queues=["quarantined"], csrf="c")
    assert html.count("</script>") == 2
    found = re.search(r'id="state">(.*?)</script>', html)
    assert found
    assert json.loads(found[1]) == STATE


def test_every_key_is_a_button_too_and_every_dialog_has_a_name() -> None:
    html = page(state=STATE, queues=["quarantined", "audit"], csrf="c")
    assert set(re.findall(r'data-action="(\w+)"', html)) == {
        *("accept", "reject", "unsure", "skip", "undo", "note", "edit", "rerun", "groups", "help")
    }
    for name in re.findall(r'<dialog id="\w+-dialog" aria-labelledby="([\w-]+)"', html):
        assert f'id="{name}"' in html
    assert 'aria-current="page"' in html
    assert "style=" not in html
    assert not re.search(r"\son\w+=", html)


def test_in_an_audit_the_keys_judge_the_rule() -> None:
    html = page(state={**STATE, "queue": "audit"}, queues=["audit"], csrf="c")
    assert "Rule is right" in html
    assert 'data-action="edit"' not in html


def test_names_are_text() -> None:
    html = page(state={**STATE, "person": "<i>ana</i>", "name": "<data>"}, queues=["audit"], csrf="c")
    assert "<i>" not in html
    assert "<data>" not in html
    assert "<b>" not in who_page("c", ["<b>"])
    assert "Nothing is disputed." in nothing_left("eva", 3, ("Apply with", "mathmill"), rules=True)


def test_the_help_names_the_keys_that_this_page_has() -> None:
    def helped(html: str) -> set[str]:
        return set(re.findall(r"<dt><kbd>(\w)</kbd></dt>", html))

    served = helped(page(state=STATE, queues=["quarantined"], csrf="c"))
    alone = helped(page(state=STATE, queues=[], csrf="", saves=True))
    audit = helped(page(state={**STATE, "queue": "audit"}, queues=["audit"], csrf="c"))
    assert (served - alone, alone - served, served - audit) == ({"x"}, {"d"}, {"e"})


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("  ana \t b. ", "ana b."),
        ("Jose\u0301", "José"),
        ("\u05d3\u05e0\u05d4", "\u05d3\u05e0\u05d4"),
        ("\u0646\u06cc\u06a9\u200c\u067e\u0648\u0631", "\u0646\u06cc\u06a9\u200c\u067e\u0648\u0631"),
        ("\U0001f469\u200d\U0001f52c", "\U0001f469\u200d\U0001f52c"),
        ("<b>&'\"/", "<b>&'\"/"),
        ("", None),
        (" \u200d ", None),
        ("ana\u202e", None),
        ("a\x00b", None),
        ("a" * 61, None),
    ],
)
def test_a_name_is_what_people_call_themselves(text: str, name: str | None) -> None:
    assert name_of(text) == name
