"""The sections that set texts or data sets side by side: duplicates, and drift against a baseline."""

from collections.abc import Mapping, Sequence
from typing import Any

from schemas.reason import Reason, Stage
from validation.dataset.gate import Judgement
from validation.dataset.report.beside import pair
from validation.dataset.report.check_list import spaced
from validation.dataset.report.figures import bar
from validation.dataset.report.markup import Child, Markup, number, percent, tag
from validation.dataset.report.samples import fetch
from validation.dataset.report.section_parts import section, table

_REASONS = (Reason.EXACT_DUPLICATE, Reason.NEAR_DUPLICATE, Reason.DUPLICATE_OF_EARLIER)
SHOWN = 6
LEAST = 0.005  # a smaller distance is told without its numbers

_NAMES = {
    "question_chars": "length of questions",
    "solution_chars": "length of solutions",
    "supervised_chars": "length of what is trained on",
    "solution_chars|cot": "length of chains of thought",
    "solution_chars|pot": "length of programs of thought",
    "solution_chars|tir": "length of tool dialogues",
    "answer_kind": "answer type",
    "leading_digit": "leading digit of answers",
    "path": "verification path",
}


def duplicates(judgement: Judgement, numbers: Mapping[str, Any]) -> Markup:
    """How many duplicates curation took, and what the re-check still found, side by side."""
    taken = {reason["reason"]: reason["candidates"] for reason in numbers["reasons"]}
    rows = [[tag("code", reason.value), number(taken.get(reason, 0))] for reason in _REASONS]
    any_taken = any(taken.get(reason) for reason in _REASONS)
    pairs = _apart(numbers["near_duplicates"])[:SHOWN]
    texts = fetch(
        judgement.folder, judgement.findings.read, [pair_[side] for pair_ in pairs for side in ("id", "other")]
    )
    check = next(check for check in numbers["verdict"]["checks"] if check["name"] == "no_near_duplicates")
    shown = [
        tag(
            "li",
            tag(
                "p",
                tag("code", pair_["id"]),
                " and ",
                tag("code", pair_["other"]),
                f" · {percent(pair_['similarity'])} alike",
            ),
            pair(str(texts[pair_["id"]]["question"]), str(texts[pair_["other"]]["question"])),
        )
        for pair_ in pairs
        if pair_["id"] in texts and pair_["other"] in texts
    ]
    return section(
        "duplicates",
        "Duplicates",
        "Duplicates that curation took are shown beside their partners above, under their reasons."
        if any_taken
        else "Nobody looked for duplicates: the stage that takes them was left out."
        if Stage.COLLAPSE in numbers["provenance"]["skipped"]
        else "Curation took no duplicate.",
        table(["Taken by curation", "Candidates"], rows, class_="narrow") if any_taken else None,
        tag("h3", "Still found by the re-check"),
        tag("p", spaced(check["detail"]), class_="fine"),
        tag("ul", shown, class_="evidence") if shown else None,
    )


def _apart(pairs: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Pairs of which none has an example in common with an earlier one."""
    seen: set[str] = set()
    chosen = []
    for pair_ in pairs:
        if seen.isdisjoint(ids := {pair_["id"], pair_["other"]}):
            chosen.append(pair_)
            seen |= ids
    return chosen


def drift(numbers: Mapping[str, Any]) -> Markup | None:
    """What changed against the baseline, the greatest change first; nothing without a baseline."""
    measured = numbers["drift"]
    if measured is None:
        return None
    rows: list[list[Child]] = [
        [
            _NAMES.get(measure["name"], measure["name"]),
            bar(measure["distance"], series=_SERIES[measure["size"]]),
            f"{measure['distance']:.3f}",
            f"{measure['cohen_h']:+.2f}".replace("-", "−").replace("−0.00", "0.00").replace("+0.00", "0.00"),
            measure["size"],
            f"{measure['value']}: {percent(measure['before'])} → {percent(measure['now'])}"
            if measure["value"]
            else "–",
        ]
        for measure in measured["measures"]
        if measure["distance"] >= LEAST
    ]
    still = ", ".join(
        _NAMES.get(measure["name"], measure["name"]) for measure in measured["measures"] if measure["distance"] < LEAST
    )
    moved = [
        [what, *(number(measured[what][where]) for where in ("in both", "new", "gone"))]
        for what in ("examples", "problems")
    ]
    before, now = (number(measured["rows"][when]) for when in ("before", "now"))
    lead = (
        f"Against data set {measured['fingerprint'][:12]}: {before} examples before, {now} now. What moved furthest "
        "stands first."
    )
    distance = (
        "A distance is the share of rows that would need another value for the two to be alike (total variation) or, "
        "of lengths, the greatest gap between cumulated shares. Cohen's h is the effect size of what moved most."
    )
    return section(
        "drift",
        "What changed",
        lead,
        table(["What", "In both", "New", "Gone"], moved, class_="narrow"),
        tag("h3", "How far the mixture moved"),
        tag("p", distance, class_="fine"),
        table(_DRIFT_HEAD, rows, class_="stack drift") if rows else None,
        tag("p", f"Moved by less than {LEAST}: {still}.", class_="fine") if still else None,
        tag("h3", "Evenness and concentration"),
        table(["What", "Before", "Now"], _beside(measured["concentrations"]), class_="narrow"),
    )


def _beside(measured: Mapping[str, Mapping[str, float | None]]) -> list[list[Child]]:
    """Facts of both data sets, side by side; an entropy is 1 where all shares are equal."""
    return [
        [name.replace("_", " "), *(_fact(name, values[when]) for when in ("before", "now"))]
        for name, values in measured.items()
    ]


def _fact(name: str, value: float | None) -> str:
    if value is None:
        return "–"
    return percent(value) if name.endswith("share") else f"{value:.2f}"


_DRIFT_HEAD = ["What", "How far", "Distance", "Cohen's h", "Effect", "Moved most"]
_SERIES = {"none": "quiet", "small": "s4", "medium": "doubt", "large": "bad"}
