import pytest

from schemas.split import Split, split_of

TEMPLATES = [f"{n:032x}" for n in range(20_000)]


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5])
def test_the_heldout_share_of_templates_is_what_was_asked_for(share: float) -> None:
    held = sum(split_of(template, heldout=share, seed=0) is Split.HELDOUT for template in TEMPLATES)
    tolerance = 5 * (share * (1 - share) / len(TEMPLATES)) ** 0.5
    assert abs(held / len(TEMPLATES) - share) < tolerance


def test_nothing_is_held_out_when_nothing_is_asked_for() -> None:
    assert {split_of(template, heldout=0.0, seed=3) for template in TEMPLATES} == {Split.TRAIN}


def test_a_template_keeps_its_split_for_ever() -> None:
    found = {template: split_of(template, heldout=0.3, seed=0).value for template in "abcde"}
    assert found == {"a": "train", "b": "train", "c": "train", "d": "train", "e": "heldout"}
    for template in TEMPLATES[:500]:
        small, large = (split_of(template, heldout=share, seed=0) for share in (0.1, 0.3))
        assert (small, large) != (Split.HELDOUT, Split.TRAIN), "a greater share moves templates out of train only"


def test_another_seed_gives_an_independent_split() -> None:
    one, two = ([split_of(t, heldout=0.5, seed=seed) is Split.HELDOUT for t in TEMPLATES] for seed in (0, 1))
    agree = sum(a == b for a, b in zip(one, two, strict=True)) / len(TEMPLATES)
    assert 0.45 < agree < 0.55
