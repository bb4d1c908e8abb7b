"""The sections about the whole data set: funnel, make-up, topics, lengths, verification."""

from collections.abc import Mapping, Sequence
from typing import Any

from schemas.wording import amount
from validation.dataset.facts import NONE
from validation.dataset.report.check_list import spaced
from validation.dataset.report.figures import bar, heat, histogram, legend, stacked
from validation.dataset.report.markup import Child, Markup, coded, counted, join, number, percent, tag
from validation.dataset.report.section_parts import section, table

MOST = 30  # lines of a table of sources or topics
FORMAT_SERIES = {"cot": "s1", "pot": "s2", "tir": "s3"}


def funnel(numbers: Mapping[str, Any]) -> Markup:
    """From rows to examples, stage by stage, with a sum that adds up or a line that says it does not."""
    counts, steps = numbers["counts"], numbers["funnel"]
    candidates = max(counts["candidates"], 1)
    rows: list[list[Child]] = [
        ["rows read", number(counts["rows"]), None, None],
        ["candidates", number(counts["candidates"]), bar(counts["candidates"] / candidates, series="quiet"), _ONE_EACH],
    ]
    for step in (step for step in steps if not step["skipped"] or step["removed"] or step["quarantined"]):
        lost = step["removed"] + step["quarantined"]
        why = counted([*step["reasons"].items()])
        parts = [
            (step["left"] / candidates, "s1", f"{number(step['left'])} left"),
            (step["removed"] / candidates, "bad", f"{number(step['removed'])} removed"),
            (step["quarantined"] / candidates, "doubt", f"{number(step['quarantined'])} quarantined"),
        ]
        rows.append([step["stage"], f"−{number(lost)}" if lost else "0", stacked(parts), why])
    rows.append(
        [
            tag("b", "kept"),
            tag("b", number(counts["kept"])),
            bar(counts["kept"] / candidates),
            f"{percent(counts['kept'] / candidates)} of candidates" if counts["candidates"] else "–",
        ]
    )
    legend_ = legend([("s1", "still there"), ("bad", "removed"), ("doubt", "quarantined: a person could settle it")])
    return section(
        "funnel",
        "From rows to examples",
        _sum(numbers),
        legend_,
        table(["Stage", "Candidates", "Still there", "Why"], rows, class_="funnel"),
        _left_out_stages(numbers),
    )


def _left_out_stages(numbers: Mapping[str, Any]) -> Markup | None:
    if numbers["foreign"]:
        return tag("p", "mathmill did not curate this data: it was only read.", class_="fine")
    left_out = [step["stage"] for step in numbers["funnel"] if step["skipped"]]
    return tag("p", coded(f"Left out (`skip`): {', '.join(left_out)}."), class_="fine") if left_out else None


_ONE_EACH = "one per row and format"


def _sum(numbers: Mapping[str, Any]) -> Markup:
    counts = numbers["counts"]
    total = counts["kept"] + counts["removed"] + counts["quarantined"]
    sentence = (
        f"{number(counts['candidates'])} candidates {{}} {number(counts['kept'])} kept + "
        f"{number(counts['removed'])} removed + {number(counts['quarantined'])} quarantined."
    )
    if total == counts["candidates"]:
        return tag("span", sentence.format("="))
    return tag("strong", sentence.format("≠") + " The sum does not add up.", class_="alarm")


def make_up(numbers: Mapping[str, Any]) -> Markup:
    """Formats by source, and what the mixture means for the objective."""
    by_source = numbers["crosses"].get("format|source", {})
    there = dict.fromkeys(numbers["sources"], 0) | numbers["categories"].get("source", {})
    sources = sorted(there.items(), key=lambda pair: (-pair[1], pair[0]))
    total = max(numbers["rows"], 1)
    rows = []
    for source, count in sources:
        parts = [
            (
                by_source.get(name, {}).get(source, 0) / total,
                series,
                f"{name} {number(by_source.get(name, {}).get(source, 0))}",
            )
            for name, series in FORMAT_SERIES.items()
        ]
        line = numbers["sources"].get(source)
        kept = percent(line["kept"] / line["candidates"]) if line and line["candidates"] else "–"
        rows.append([source, number(count), stacked(parts), kept])
    return section(
        "make-up",
        "What it is made of",
        "One data set, three mixtures: by rows, by the characters that are trained on, and by J, the objective, in "
        "which the length of an example does not count.",
        tag("h3", "Formats by source"),
        legend([(series, name) for name, series in FORMAT_SERIES.items()]),
        table(["Source", "Examples", "Share of all", "Candidates kept"], rows[:MOST], class_="wide-bars"),
        _left_out(len(rows), "source"),
        tag("h3", "Shares of rows, characters and J"),
        _shares(numbers["shares"].get("format", {})),
        tag("h3", "The same by source"),
        _shares_by(numbers["shares"].get("source", {})),
        _outweighs(numbers),
    )


def _shares(groups: Mapping[str, Mapping[str, float]]) -> Markup:
    rows = []
    for label, key in (
        ("rows", "share_of_rows"),
        ("supervised characters", "share_of_characters"),
        ("J", "share_of_j"),
    ):
        parts = [
            (group[key], FORMAT_SERIES.get(name, "s6"), f"{name} {percent(group[key])}")
            for name, group in groups.items()
        ]
        rows.append([label, stacked(parts), " · ".join(part[2] for part in parts)])
    return table(["Share of", "By format", ""], rows, class_="stack wide-bars shares")


def _shares_by(groups: Mapping[str, Mapping[str, float]]) -> Markup:
    keys = ("share_of_rows", "share_of_characters", "share_of_j")
    rows = [[name, *(percent(group[key]) for key in keys), bar(group["share_of_j"])] for name, group in groups.items()]
    return table(["Source", "Rows", "Supervised characters", "J", "Share of J"], rows[:MOST], class_="stack wide-bars")


def _left_out(there: int, noun: str) -> Markup | None:
    if there <= MOST:
        return None
    return tag("p", f"{amount(there - MOST, f'smaller {noun}')}: see report.json.", class_="fine")


def _outweighs(numbers: Mapping[str, Any]) -> Markup | None:
    shortest, longest = numbers["shortest_supervised"], numbers["longest_supervised"]
    if not shortest:
        return None
    return tag(
        "p",
        f"The shortest solution has {number(shortest)} supervised characters, the longest {number(longest)}: under "
        f"sequence_mean a character of the shortest weighs {number(longest / shortest)} times one of the longest.",
        class_="fine",
    )


def topics(numbers: Mapping[str, Any]) -> Markup:
    """Topic by difficulty, with empty cells marked."""
    counts = numbers["crosses"].get("topic|difficulty", {})
    ranked = sorted(counts, key=lambda topic: (topic == NONE, -sum(counts[topic].values()), topic))
    rows = ranked[:MOST]
    columns = sorted(
        {column for row in counts.values() for column in row}, key=lambda text: (not text.isdecimal(), text.zfill(4))
    )
    cells = [(row, column) for row in rows for column in columns if NONE not in (row, column)]
    empty = sum(not counts[row].get(column) for row, column in cells)
    named = amount(sum(topic != NONE for topic in counts), "topic")
    without = sum(counts.get(NONE, {}).values())
    lead = f"{named} by difficulty; {number(empty)} of {number(len(cells))} cells are empty. "
    shown: Markup | None = heat(rows, columns, counts, corner="topic")
    if columns == [NONE]:
        lead = f"{named}. No example names a difficulty. "
        shown = _by_topic([(topic, counts[topic][NONE]) for topic in rows], numbers["rows"])
    if without and set(counts) == {NONE} and columns == [NONE]:
        lead, shown = "No example names a topic or a difficulty.", None
    elif without:
        lead += f"{percent(without / numbers['rows'])} of examples name no topic."
    predicted = [tag("p", _prediction(label), class_="fine") for label in numbers["labels"] if label["predicted"]]
    return section(
        "topics",
        "Topics and difficulty",
        lead,
        shown,
        _left_out(len(counts), "topic"),
        predicted,
    )


def _by_topic(counts: Sequence[tuple[str, int]], total: int) -> Markup:
    rows = [[topic, number(count), bar(count / total), percent(count / total)] for topic, count in counts]
    return table(["Topic", "Examples", "Share of all", ""], rows, class_="wide-bars")


def _prediction(label: Mapping[str, Any]) -> str:
    measured = "too few rows to measure" if label["macro_f1"] is None else f"macro-F1 {label['macro_f1']:.2f}"
    where = f"{label['column']}, {label['taxonomy']} ({label['language']})"
    return (
        f"{where}: {number(label['predicted'])} predicted where the source gives none; {label['method']}, {measured} "
        f"on {number(label['held_out'])} rows held out."
    )


def lengths(numbers: Mapping[str, Any]) -> Markup:
    """How long questions and solutions are."""
    series = []
    for (name, title), colour in zip(
        (("question_chars", "questions"), ("solution_chars", "solutions")), ("s4", "s1"), strict=True
    ):
        measured = numbers["lengths"].get(name)
        if measured and measured["bins"]:
            low, middle, high = (number(measured[name]) for name in ("p05", "p50", "p95"))
            tallest = number(max(measured["bins"].values()))
            caption = (
                f"{title} by characters: 5\u202f% below {low}, half below {middle}, 95\u202f% below {high}; "
                f"the tallest column holds {tallest}"
            )
            series.append((caption, {int(at): count for at, count in measured["bins"].items()}, colour))
    body = histogram(series) if series else tag("p", "nothing to measure", class_="fine")
    check = next(check for check in numbers["verdict"]["checks"] if check["name"] == "lengths_fit_context")
    return section(
        "lengths",
        "How long they are",
        join(["Characters, on a logarithmic axis. In tokens: ", spaced(check["detail"]), "."]),
        body,
        _by_format(numbers),
        _tokens(numbers),
    )


def _by_format(numbers: Mapping[str, Any]) -> Markup:
    """How long the solutions of each format are."""
    measured = {name: numbers["lengths"].get(f"solution_chars|{name}") for name in FORMAT_SERIES}
    rows = [
        [name, *(number(measures[at]) for at in ("p05", "p50", "p95"))]
        for name, measures in measured.items()
        if measures and measures["bins"]
    ]
    return table(["Solutions", "5\u202f% below", "half below", "95\u202f% below"], rows) if rows else Markup()


def _tokens(numbers: Mapping[str, Any]) -> Markup | None:
    """Tokens of whole examples with the context as a line; nothing where no tokenizer was named."""
    measured = numbers["lengths"].get("tokens")
    if not measured or not measured["bins"]:
        return None
    bins = {int(at): count for at, count in measured["bins"].items()}
    context = numbers["context"]
    caption = f"tokens of whole examples; the line is the context, {number(context)}"
    return join([tag("h3", "In tokens"), histogram([(caption, bins, "s3")], mark=context)])


_PATHS = {
    "appended": "nothing: the reference was added as a last sentence",
    "base": "numbers in another base",
    "choice": "letters of a multiple choice",
    "equation": "equations, by their sides",
    "float": "what a machine prints of the reference as a double",
    "float_noise": "a decimal with the noise of a computer's arithmetic",
    "human": "nothing: a person accepted it over the judge",
    "list": "several values, in order",
    "matrix": "matrices, entry by entry",
    "moment": "times and dates",
    "number": "plain numbers, exactly",
    "order": "things in an order",
    "percent": "percentages, by value",
    "ratio": "ratios, in lowest terms",
    "region": "intervals and inequalities",
    "rounded": "a decimal, as far as the reference is rounded",
    "scalar": "expressions for one number, exactly",
    "set": "several values, in any order",
    "stated": "the reference, found in the last sentences",
    "symbolic": "expressions, by math-verify",
    "text": "the same characters, formatting aside",
    "unit": "quantities with their units",
    "unstated": "nothing: the solution does not state the reference",
    "words": "words",
}


def verification(numbers: Mapping[str, Any]) -> Markup:
    """How answers were verified, and whether a reference was evidence at all."""
    total = max(numbers["rows"], 1)
    references = numbers["categories"].get("reference", {})
    independent, self_ = references.get("independent", 0), references.get("self", 0)
    if not numbers["categories"].get("verdict", {}).get("equal"):
        return section(
            "verification",
            "How answers were verified",
            "No example says that its answer was compared with a reference. What follows is what the judge did itself.",
            _rechecks(numbers),
        )
    lead = (
        f"{number(independent)} answers equal a reference that was given apart from the solution. "
        f"{number(self_)} equal one taken from the same text: that is consistency, not evidence."
    )
    parts = [
        (independent / total, "s1", f"independent {percent(independent / total)}"),
        (self_ / total, "doubt", f"self {percent(self_ / total)}"),
    ]
    paths = sorted(numbers["categories"].get("path", {}).items(), key=lambda pair: (-pair[1], pair[0]))
    rows = [[path, _PATHS.get(path, ""), number(count), bar(count / total)] for path, count in paths]
    return section(
        "verification",
        "How answers were verified",
        lead,
        stacked(parts),
        legend([("s1", parts[0][2]), ("doubt", parts[1][2])]),
        tag("h3", "By path"),
        table(["Path", "What was compared", "Examples", "Share of all"], rows, class_="wide-bars stack"),
        _rechecks(numbers),
    )


def _rechecks(numbers: Mapping[str, Any]) -> Markup:
    rows = [
        [what, *(number(counts.get(name, 0)) for name in names)]
        for what, counts, names in (
            (
                "answers of cot and tir, by math-verify alone",
                numbers["rechecks"]["answers"],
                ("equal", "different", "unknown"),
            ),
            ("programs, in fresh processes", numbers["rechecks"]["programs"], ("agrees", "differs", "unknown")),
        )
    ]
    return join([tag("h3", "Judged again, on a sample"), table(["What", "Agree", "Differ", "Not checked"], rows)])
