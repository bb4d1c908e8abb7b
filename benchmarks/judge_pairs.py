"""Pairs of answers of which a rule knows whether they are the same, made from the answers of MATH train."""

import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

from benchmarks.measuring import REPOSITORY
from validation.answers import Relation
from validation.answers.reading import read_value
from validation.answers.spelling import normalise
from validation.answers.values import Choice, Matrix, Region, Scalar, Several, Words


@dataclass(frozen=True)
class Pair:
    """Two answers and whether they are the same."""

    kind: str
    gold: str
    answer: str
    same: bool
    question: str | None = None
    language: str = "en"


def _rows(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


def _integers(rng: random.Random, answers: list[str]) -> Iterator[Pair]:
    for text in answers:
        if re.fullmatch(r"-?\d{1,12}", text):
            value = int(text)
            yield Pair(
                "integer",
                text,
                rng.choice([f"{value:,}", f"{value}.0", f"${value}$", f"+{value}" if value > 0 else text + " "]),
                True,
            )
            yield Pair(
                "integer",
                text,
                rng.choice(
                    [
                        str(value + 1),
                        str(-value or 1),
                        f"{value}0" if value else "10",
                        f"{value}.5",
                        f"{value}!" if abs(value) > 2 else "9",
                    ]
                ),
                False,
            )


def _decimals(rng: random.Random, answers: list[str]) -> Iterator[Pair]:
    for text in answers:
        if re.fullmatch(r"-?\d+\.\d+", text):
            value = Fraction(text)
            yield Pair(
                "decimal",
                text,
                rng.choice(
                    [
                        text + "0",
                        f"{value.numerator}/{value.denominator}",
                        f"\\frac{{{value.numerator}}}{{{value.denominator}}}",
                    ]
                ),
                True,
            )
            yield Pair(
                "decimal",
                text,
                rng.choice([str(value + 1), text[:-1] + str((int(text[-1]) + 3) % 10), text.replace(".", "")]),
                text.replace(".", "") == text,
            )


def _fractions(rng: random.Random, answers: list[str]) -> Iterator[Pair]:
    for text in answers:
        match = re.fullmatch(r"(-?)\\d?frac\{(\d+)\}\{(\d+)\}", text)
        if match:
            value = Fraction(int(match.group(2)), int(match.group(3))) * (-1 if match.group(1) else 1)
            top, bottom = value.numerator, value.denominator
            forms = [
                f"{top}/{bottom}",
                f"\\dfrac{{{2 * top}}}{{{2 * bottom}}}",
                f"({top})/({bottom})",
                f"\\frac{{{-top}}}{{{-bottom}}}",
            ]
            if value > 1 and bottom > 1:
                whole, rest = divmod(top, bottom)
                forms += [f"{whole} {rest}/{bottom}", f"{whole}\\frac{{{rest}}}{{{bottom}}}"]
            yield Pair("fraction", text, rng.choice(forms), True)
            yield Pair(
                "fraction",
                text,
                rng.choice(
                    [
                        f"{bottom}/{top}" if top != bottom else "7",
                        f"{top + 1}/{bottom}",
                        f"{float(value):.3f}" if _endless(bottom) else "17/19",
                        f"{top}_{bottom}",
                    ]
                ),
                abs(value) == 1,
            )


def _endless(bottom: int) -> bool:
    return Fraction(10**3, bottom).denominator != 1


def _mixed(rng: random.Random, _: list[str]) -> Iterator[Pair]:
    while True:
        whole, bottom = rng.randint(1, 40), rng.randint(2, 30)
        top = rng.randint(1, bottom - 1)
        value = whole + Fraction(top, bottom)
        yield Pair("mixed", f"{whole} {top}/{bottom}", f"\\frac{{{value.numerator}}}{{{value.denominator}}}", True)
        yield Pair(
            "mixed",
            f"{whole}\\frac{{{top}}}{{{bottom}}}",
            f"\\frac{{{whole * top}}}{{{bottom}}}",
            whole * Fraction(top, bottom) == value,
        )


def _percents(rng: random.Random, _: list[str]) -> Iterator[Pair]:
    while True:
        value = Fraction(rng.randint(1, 1999), rng.choice([1, 2, 4, 10]))
        text = f"{float(value):g}"
        yield Pair("percent", f"{text}\\%", rng.choice([f"{text}%", f"{text} percent", str(value / 100)]), True)
        yield Pair("percent", text, f"{text}\\%", False)
        yield Pair("percent", f"{text}", f"{text}%", True, "What percent of the balls are red?")


def _repeating(rng: random.Random, _: list[str]) -> Iterator[Pair]:
    while True:
        fixed = "".join(rng.choices("0123456789", k=rng.randint(0, 2)))
        period = str(rng.randint(1, 98))
        nines = 10 ** len(period) - 1
        value = Fraction(int((fixed or "0") + period) - int(fixed or "0"), nines * 10 ** len(fixed))
        yield Pair("repeating", f"0.{fixed}\\overline{{{period}}}", f"{value.numerator}/{value.denominator}", True)
        yield Pair("repeating", f"0.{fixed}\\overline{{{period}}}", f"0.{fixed}{period}", False)


def _bases(rng: random.Random, _: list[str]) -> Iterator[Pair]:
    while True:
        base = rng.randint(2, 9)
        digits = "".join(str(rng.randrange(base)) for _ in range(rng.randint(2, 6))).lstrip("0") or "11"
        digits = digits if int(digits) > 1 else "11"
        yield Pair("base", f"{digits}_{base}", rng.choice([f"{digits}_{{{base}}}", str(int(digits, base))]), True)
        yield Pair("base", f"{digits}_{base}", rng.choice([digits, f"{digits}_{base + 1}"]), len(digits) == 1)


def _quantities(rng: random.Random, answers: list[str]) -> Iterator[Pair]:
    converted = [("2 hours", "120 minutes"), ("1.5 km", "1500 m"), ("3 feet", "36 inches"), ("\\$0.50", "50 cents")]
    units = ["dollars", "cm", "apples", "miles", "students", "square feet", "cm^2", "mph", "hours", "degrees"]
    for text in answers:
        if re.fullmatch(r"[1-9]\d{0,5}", text):
            unit = rng.choice(units)
            yield Pair("quantity", text, rng.choice([f"{text} {unit}", f"{text}\\text{{ {unit}}}", f"\\${text}"]), True)
            yield Pair("quantity", f"{text} hours", f"{text} minutes", False)
            yield Pair("quantity", f"{text}\\text{{ cm}}", f"{int(text) + 1} cm", False)
            yield Pair("quantity", *rng.choice(converted), True)


def _several(rng: random.Random, answers: list[str]) -> Iterator[Pair]:
    for text in answers:
        value = read_value(normalise(text))
        items = re.split(r"\s*,\s*", normalise(text).strip("()[] "))
        if (
            not isinstance(value, Several)
            or len(items) != len(value.items)
            or len(items) < 2
            or "\\{" in text
            or "=" in text
        ):
            continue
        swapped = [items[1], items[0], *items[2:]]
        if value.kind == "bare":
            yield Pair("list", text, ", ".join(swapped), True)
            yield Pair("list", text, ", ".join([*items, items[0]]), False)
            yield Pair("list", text, ", ".join([*items[:-1], "98765"]), False)
        elif value.kind == "tuple":
            spaced = f"\\left( {' , '.join(items)} \\right)"
            yield Pair("tuple", text, spaced, True)
            yield Pair("tuple", text, "(" + ",".join(swapped) + ")", items[0] == items[1])
            yield Pair("tuple", text, "(" + ",".join([*items[:-1], "98765"]) + ")", False)


def _regions(rng: random.Random, answers: list[str]) -> Iterator[Pair]:
    for text in answers:
        value = read_value(normalise(text))
        if isinstance(value, Region) and "(" in text + "[" and text[:1] in "([\\" and "\\cup" in text:
            yield Pair("interval", text, "\\cup".join(reversed(normalise(text).split("\\cup"))), True)
            yield Pair("interval", text, normalise(text).split("\\cup")[0], False)
    for _ in range(2000):
        low = rng.randint(-50, 50)
        high = low + rng.randint(1, 60)
        yield Pair("interval", f"({low},\\infty)", f"x > {low}", True)
        yield Pair("interval", f"({low},{high}]", f"{low} < x \\le {high}", True)
        yield Pair(
            "interval",
            f"[{low},{high}]",
            rng.choice([f"({low},{high}]", f"[{low},{high + 1}]", f"{low}<x<{high}"]),
            False,
        )


def _matrices(_: random.Random, answers: list[str]) -> Iterator[Pair]:
    for text in answers:
        if isinstance(read_value(normalise(text)), Matrix):
            yield Pair("matrix", text, text.replace("pmatrix", "bmatrix").replace("\\frac", "\\dfrac"), True)
            cells = re.search(r"(\d+)(?!.*\d)", text)
            if cells:
                yield Pair(
                    "matrix", text, text[: cells.start()] + str(int(cells.group()) + 1) + text[cells.end() :], False
                )


def _closed_forms(rng: random.Random, answers: list[str]) -> Iterator[Pair]:
    for text in answers:
        value = read_value(normalise(text))
        plain = normalise(text)
        if (
            not isinstance(value, Scalar)
            or value.unit
            or value.label
            or value.percent
            or value.base
            or value.rational is not None
        ):
            continue
        if "=" in plain or "°" in plain or len(plain) > 80:
            continue
        yield Pair(
            "closed form", text, rng.choice([f"1+({plain})-1", f"\\frac{{2({plain})}}{{2}}", f"-(-({plain}))"]), True
        )
        yield Pair(
            "closed form",
            text,
            rng.choice([f"2({plain})", f"({plain})+1", f"-({plain})", f"\\frac{{1}}{{{plain}}}"]),
            False,
        )


def _words(rng: random.Random, answers: list[str]) -> Iterator[Pair]:
    words = sorted({text for text in answers if isinstance(read_value(normalise(text)), Words)})
    for text in words * 20:
        other = rng.choice(words)
        plain = normalise(text)
        yield Pair("words", text, rng.choice([plain.upper(), plain.lower(), f"\\textbf{{{plain}}}"]), True)
        if normalise(other).lower() != plain.lower():
            yield Pair("words", text, other, False)


def _choices(rng: random.Random, answers: list[str]) -> Iterator[Pair]:
    for text in [a for a in answers if isinstance(read_value(normalise(a)), Choice)] * 10:
        letter = normalise(text).strip("() ")
        other = rng.choice([x for x in "ABCDEFGH" if x != letter])
        yield Pair("choice", text, rng.choice([letter, f"({letter})", f"\\textbf{{({letter})}}"]), True)
        yield Pair("choice", text, rng.choice([other, f"({other})"]), False)


RULES: list[Callable[[random.Random, list[str]], Iterator[Pair]]] = [
    _integers, _decimals, _fractions, _mixed, _percents, _repeating, _bases, _quantities, _several, _regions,
    _matrices, _closed_forms, _words, _choices,
]  # fmt: skip


def labelled_pairs(data: Path, per_kind: int, seed: int) -> list[Pair]:
    """Makes at most `per_kind` pairs of each kind that a rule makes, and adds those written by hand."""
    answers = [row["answer"] for row in _rows(data / "cot" / "math_train_problems_7500.jsonl") if row["answer"]]
    rng = random.Random(seed)
    rng.shuffle(answers)
    pairs = []
    for rule in RULES:
        made: Counter[str] = Counter()
        for pair in islice(rule(rng, answers), 40 * per_kind):
            if made[pair.kind] < per_kind:
                pairs.append(pair)
            made[pair.kind] += 1
            if made.total() >= 2 * per_kind and min(made.values()) >= per_kind:
                break
    return pairs + by_hand()


def by_hand() -> list[Pair]:
    """Reads the pairs of the tests."""
    found = []
    for row in _rows(REPOSITORY / "tests" / "validation" / "answers" / "adversarial_pairs.jsonl"):
        truth = row.get("truth", row["outcome"])
        if truth != Relation.UNKNOWN:
            rest = (row.get("question"), row.get("language", "en"))
            found.append(Pair("by hand", row["gold"], row["answer"], truth == Relation.EQUAL, *rest))
    return found
