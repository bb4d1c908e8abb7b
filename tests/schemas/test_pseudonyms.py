"""People keep apart and stay the same under their pseudonyms, and the key of these stands nowhere."""

import pytest

from schemas.pseudonyms import People
from schemas.variables import Variables


def test_a_person_has_one_pseudonym_for_a_key_and_no_other_has_it() -> None:
    people = People(key="of ours")
    called = {name: people.called(name) for name in ("bo", "cleo", "Bo", "bo ", "ש", "\ud800")}
    assert len(set(called.values())) == len(called)
    assert all(str(name).startswith("person-") and len(str(name)) == 17 for name in called.values())
    assert people.called("bo") == People(key="of ours").called("bo")
    assert people.called("bo") != People(key="of others").called("bo") != People().called("bo")
    assert people.called(None) is None


def test_names_are_kept_where_that_is_asked() -> None:
    assert People(names="keep").called("bo") == "bo"


def test_the_people_of_a_decision_are_renamed_and_nothing_else() -> None:
    row = {"annotator": "bo", "reviewer": None, "decision": "accepted"}
    people = People()
    assert people.renamed(row) == {"annotator": people.called("bo"), "reviewer": None, "decision": "accepted"}


@pytest.mark.parametrize(("key", "shown"), [("", ""), ("${PEOPLE_KEY}", "${PEOPLE_KEY}"), ("plain", "(not shown)")])
def test_a_key_is_published_by_its_variable_or_not_at_all(
    key: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PEOPLE_KEY", "of ours")
    variables = Variables()
    people = People.model_validate(variables.expand({"key": key}))
    assert people.as_published(variables.hide(people.key)) == {"names": "pseudonyms", "key": shown}
