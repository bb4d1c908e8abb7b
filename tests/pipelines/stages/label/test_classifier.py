import hashlib
import json

import numpy as np
import pytest

from pipelines.stages.label.classifier import LEAST, fit

THINGS = {
    "Geometry": ("circle of radius", "triangle with side", "square of area"),
    "Algebra": ("equation with root", "polynomial of degree", "expression worth"),
}


def template(number: int, *, held_out: bool) -> bytes:
    """A key whose first byte puts its template on one side."""
    return bytes([5 * (number % 50) + (0 if held_out else 1)]) + hashlib.md5(str(number).encode()).digest()[1:]


def school(rows: int, held: int) -> tuple[list[str], list[str], list[bytes]]:
    questions, labels, templates = [], [], []
    for number in range(rows):
        topic = ("Geometry", "Algebra")[number % 2]
        questions.append(f"What of the {THINGS[topic][number // 2 % 3]} {number}?")
        labels.append(topic)
        templates.append(template(number, held_out=number < held))
    return questions, labels, templates


def fitted(rows: int = 250, held: int = 50, *, min_f1: float = 0.75, language: str = "en", **changed: list[str]):
    questions, labels, templates = school(rows, held)
    return fit(
        changed.get("questions", questions), changed.get("labels", labels), templates, language=language, min_f1=min_f1
    )


def test_a_model_is_measured_on_templates_that_it_was_not_fitted_on():
    found = fitted()
    assert (found.rows, found.held_out, found.macro_f1) == (200, 50, 1.0)
    assert found.baseline == pytest.approx(1 / 3, abs=1e-3)  # always one of two equally frequent labels
    assert found.model.predict(["the circle of radius 9", "a polynomial of degree 3"]).tolist() == [
        "Geometry",
        "Algebra",
    ]


@pytest.mark.parametrize(("rows", "held", "usable"), [(250, 50, True), (249, 50, False), (250, 0, False)])
def test_too_few_rows_to_fit_on_or_none_to_measure_on_make_no_model(rows, held, usable):
    found = fitted(rows, held)
    assert (found.model is not None, found.macro_f1 is not None) == (usable, usable)
    assert (found.rows, found.held_out) == (rows - held, held)


def test_labels_that_few_rows_have_are_left_out():
    _, labels, _ = school(260, 50)
    few = ["Knots" if place >= 260 - (LEAST - 1) else label for place, label in enumerate(labels)]
    found = fitted(260, labels=few)
    assert (found.rows, found.held_out) == (260 - 50 - (LEAST - 1), 50)
    enough = ["Knots" if place >= 260 - LEAST else label for place, label in enumerate(labels)]
    assert fitted(260, labels=enough).rows == 210


def test_one_label_alone_teaches_nothing():
    assert fitted(labels=["Algebra"] * 250).model is None


def test_a_model_below_the_bound_is_measured_and_not_used():
    noise = [("Geometry", "Algebra")[int(np.random.default_rng(number).integers(2))] for number in range(250)]
    found = fitted(labels=noise)
    assert found.model is None
    assert found.macro_f1 < 0.75
    assert fitted(labels=noise, min_f1=0.0).model is not None


def test_the_same_rows_give_the_same_model():
    asked = ["the circle", "a polynomial", "what is worth the area", "nothing"]
    one, other = (fitted().model.decision_function(asked) for _ in range(2))
    assert one.tolist() == other.tolist()


def test_chinese_is_read_by_its_characters():
    questions = [("圆的半径是" if n % 2 == 0 else "方程的根是") + str(n) for n in range(250)]
    assert fitted(questions=questions, language="zh").macro_f1 == 1.0
    again = ["".join(f"{sign} " for sign in question) for question in questions]
    assert fitted(questions=again, language="zh").macro_f1 == 1.0


def test_too_few_labels_fit_nothing():
    assert fitted(100, min_f1=0.0).model is None
    assert fit([], [], [], language="en", min_f1=0.0).macro_f1 is None


def test_subjects_of_math_can_be_told_and_levels_cannot(real_data):
    lines = (real_data / "cot" / "math_train_problems_7500.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    questions = [row["problem"] for row in rows]
    subjects, levels = [row["subject"] for row in rows], [str(row["level"]) for row in rows]
    templates = [hashlib.md5(question.encode()).digest() for question in questions]
    told = fit(questions, subjects, templates, language="en", min_f1=0.75)
    assert told.model is not None
    assert told.macro_f1 is not None
    assert told.macro_f1 >= 0.75
    assert told.baseline is not None
    assert told.baseline < 0.1
    assert fit(questions, levels, templates, language="en", min_f1=0.75).model is None
