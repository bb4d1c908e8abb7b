"""Degrees, minutes and seconds of arc: one value in every spelling, and the decimal degrees that it is."""

import pytest

from validation.answers import Relation, compare, extract

ARC = "30° 15′ 20″"
SPELLINGS = [
    ARC,
    "30°15'20''",
    "30°15'20\"",
    "30º15’20”",
    "30˚ 15' 20\"",
    r"30^{\circ}15'20''",
    r"30^{\circ} 15' 20''",
    r"30^{\circ}\,15'\,20''",
    r"30\,^\circ 15\,' 20\,''",
    r"30\degree 15' 20''",
    r"$30^\circ 15^\prime 20^{\prime\prime}$",
    r"30^{\circ} 15^{\prime} 20^{\prime \prime}",
    r"30^{\circ}15^{'}20^{''}",
    r"30\text{°}15'20''",
    r"\boxed{30^{\circ}15'20''}",
    r"30^\circ15'20.0''",
    "30 degrees 15 minutes 20 seconds",
    "30 deg 15 min 20 sec",
    "30度15分20秒",
]
DECIMALS = ["30.2555555555555556°", "30.25555555555556", r"\frac{2723}{90}", r"\frac{2723}{90}^\circ"]


@pytest.mark.parametrize("spelling", [*SPELLINGS, *DECIMALS])
def test_an_arc_is_its_value_in_every_spelling(spelling: str) -> None:
    assert compare(ARC, spelling).outcome is Relation.EQUAL
    assert compare(r"30^{\circ}15'20''", spelling).outcome is Relation.EQUAL
    assert compare(spelling, ARC).outcome is Relation.EQUAL


@pytest.mark.parametrize(
    "other",
    ["30°15'21\"", "30°15'", "30°20'15\"", "-30°15'20\"", "31°15'20\"", "30", "30°", "30.15°", "30.1520", "15'20''"],
)
def test_another_arc_is_another_value(other: str) -> None:
    assert compare(ARC, other).outcome is not Relation.EQUAL
    assert compare(other, ARC).outcome is not Relation.EQUAL


@pytest.mark.parametrize(
    ("reference", "answer", "outcome"),
    [
        ("45°30'", "45.5°", "equal"),
        ("45.5", "45°30′", "equal"),
        ("-45°30'", "-45.5°", "equal"),
        ("22°30'", r"\frac{\pi}{8}", "equal"),
        ("0°0'36''", "0.01°", "equal"),
        ("0°36''", "0.01°", "equal"),
        ("36.87°", "36°52'11.63''", "equal"),
        ("36.9°", "36°52'12''", "unknown"),
        ("x = 30°15'20''", r"30^{\circ}15'20''", "equal"),
        ("36°52'12\" and 53°7'48\"", "36.87°, 53.13°", "equal"),
        ("30'", "0.5°", "unknown"),
        ("30′", "0.5°", "unknown"),
        ("30'", "0.6°", "not_equal"),
        ("5'", "5 feet", "equal"),
        ("6′ 2″", "74 inches", "equal"),
        ("5 feet", "5°", "not_equal"),
    ],
)
def test_marks_of_arcs_and_of_feet(reference: str, answer: str, outcome: str) -> None:
    assert compare(reference, answer).outcome.value == outcome


def test_an_arc_is_found_at_the_end_of_a_solution() -> None:
    solution = "The third angle is 180° - 149°44'40'' = 30°15'20''.\nThe answer is 30°15'20''."
    found = extract(solution).answer
    assert found is not None
    assert compare("30.2555555555555556°", found).outcome is Relation.EQUAL
