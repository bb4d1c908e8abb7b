"""EVAL/index.html: figures, then every problem with what was written to it, wrong ones first; two models side by side.

One self-contained file that needs no network, looks as the quality report does, and filters with one small script. Its
security policy names the hashes of its style and its script: nothing that a model wrote can run or load.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from schemas.files import write_text
from schemas.problem import SegmentKind
from schemas.transcript import parse_response
from schemas.wording import amount, shortened
from training.generations import Other, Row, by_place, by_problem, share_of
from training.results import EvalResult, FormatResult, Interval
from validation.dataset.report.markup import Child, Markup, join, policy, tag
from validation.dataset.report.mathml import rich_text
from validation.dataset.report.samples import as_formula

MOST_PROBLEMS = 500
MOST_SAMPLES = 4
_MOST_CHARS = 20_000  # of one answer


def write_page(path: Path, result: EvalResult, answers: Sequence[Row], other: Other | None) -> None:
    """Writes the page.

    Args:
        path: where to.
        result: the figures.
        answers: all of the evaluation, as `generations.GENERATIONS` has them.
        other: the evaluation to show beside it, if any.
    """
    style = "\n".join(_asset(*place) for place in (("validation.dataset.report", "report.css"), _STYLE))
    script = _asset("training", "answers.js")
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy(style, script)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", f"Evaluation of {result.model}"),
        tag("style", Markup(style)),
    )
    body = tag(
        "body",
        tag(
            "main",
            tag("h1", "Evaluation"),
            tag("p", tag("code", result.model), class_="lead"),
            _figures(result),
            _breakdowns(result),
            _problems(result, answers, other),
        ),
        tag("script", Markup(script)),
    )
    write_text(path, f"<!doctype html>\n{tag('html', head, body, lang='en')}\n")


_STYLE = ("training", "answers.css")


def _asset(package: str, name: str) -> str:
    return files(package).joinpath(name).read_text("utf-8")


def _figures(result: EvalResult) -> Markup:
    lines = list(result.lines())
    several = max(line.samples for *_, line in lines)
    names = ["asked", "format", "problems", "pass@1", "95 % interval"]
    names += [f"pass@{several}", f"maj@{several}"] if several > 1 else []
    names += ["stopped", "tokens", "programs"] + (["apart"] if result.against else [])
    head = tag(
        "tr", [tag("th", name, scope="col", class_="number" if at > 1 else None) for at, name in enumerate(names)]
    )
    rows = [_figure_row(result, several, suite, form, line) for suite, form, line in lines]
    marks = sorted(
        {(suite, line.contamination) for suite, _, line in lines if line.contamination not in (None, "none")}
    )
    notes = [tag("p", f"{suite}: contamination {word}", class_="contamination") for suite, word in marks]
    beside = tag("p", "apart: percentage points to the other model, over the problems of both", class_="fine")
    table = tag("div", tag("table", head, rows), class_="scroll", tabindex="0")
    return tag("section", tag("h2", "Figures"), table, beside if result.against else None, notes)


def _figure_row(result: EvalResult, several: int, suite: str | None, form: str, line: FormatResult) -> Markup:
    cells = [f"{line.n:,}", tag("b", _percent(line.pass_at_1)), f"{_percent(line.low)} to {_percent(line.high)}"]
    if several > 1:
        cells += [_value(line.pass_at_k.get(str(several))), _value(line.maj_at_k)]
    cells += [_percent(line.termination), f"{line.tokens:,.0f}", f"{line.tool_calls:.1f}"]
    if result.against:
        gap = result.difference(suite, form)
        cells.append(f"{100 * gap.value:+.1f} ({100 * gap.low:+.1f} to {100 * gap.high:+.1f})" if gap else "")
    names = [tag("td", suite or "data"), tag("td", form)]
    return tag("tr", names, [tag("td", cell, class_="number") for cell in cells])


def _breakdowns(result: EvalResult) -> Markup:
    """What went wrong by kind, and pass@1 by topic and level, for each line of the figures that has them."""
    blocks: list[Child] = []
    for suite, form, line in result.lines():
        title = f"{suite or 'data'} {form}"
        if line.errors:
            blocks.append(_table(f"{title}: not right", [(kind, f"{n:,}") for kind, n in line.errors.items()]))
        for what, slices in (("topic", line.topics), ("level", line.levels)):
            if slices:
                shown = [(name, f"{_percent(part.pass_at_1)} of {part.n:,}") for name, part in slices.items()]
                blocks.append(_table(f"{title}: by {what}", shown))
    if not blocks:
        return Markup()
    summary = tag("summary", "By kind of error, topic and level")
    return tag("section", tag("details", summary, tag("div", blocks, class_="figures"), class_="kinds"))


def _table(caption: str, rows: Sequence[tuple[str, str]]) -> Markup:
    lines = [tag("tr", tag("td", name), tag("td", value, class_="number")) for name, value in rows]
    return tag("figure", tag("figcaption", caption), tag("table", lines))


def _problems(result: EvalResult, answers: Sequence[Row], other: Other | None) -> Markup:
    asked = _grouped(answers)
    beside = _grouped(other.rows) if other else {}
    order = sorted(asked.items(), key=lambda entry: (share_of(entry[1]), entry[0]))
    shown = order[:MOST_PROBLEMS]
    more = len(order) - len(shown)
    note = f"{more:,} more, all of them with more right answers, stand in generations/" if more else ""
    cards = [_problem(rows, beside.get(place), result, other) for place, rows in shown]
    heading = tag("h2", f"{amount(len(order), 'problem')}, wrong ones first")
    return tag("section", heading, _filters([rows for _, rows in shown], other), cards, tag("p", note, class_="fine"))


def _grouped(rows: Sequence[Row]) -> dict[tuple[str, str, str], list[Row]]:
    """Answers by suite, format and problem."""
    return {
        (*place, identity): answers
        for place, found in by_place(rows).items()
        for identity, answers in by_problem(found).items()
    }


def _filters(problems: Sequence[Sequence[Row]], other: Other | None) -> Markup:
    kinds = Counter(row["outcome"] for rows in problems for row in rows)
    choices = {
        "suite": sorted({rows[0]["suite"] for rows in problems}),
        "format": sorted({rows[0]["format"] for rows in problems}),
        "outcome": [kind for kind, _ in kinds.most_common()],
        "topic": sorted({str(rows[0]["topic"]) for rows in problems if rows[0]["topic"]}),
        "level": sorted({str(rows[0]["difficulty"]) for rows in problems if rows[0]["difficulty"]}),
    }
    selects = [_select(name, values) for name, values in choices.items() if len(values) > 1]
    search = tag("input", id="search", type="search", placeholder="search", aria_label="search")
    differ = tag("label", tag("input", id="differ", type="checkbox"), " where the two differ") if other else None
    return tag("div", search, selects, differ, tag("output", id="shown"), id="filters", hidden=True)


def _select(name: str, values: Sequence[str]) -> Markup:
    options = [tag("option", f"every {name}", value=""), *(tag("option", value, value=value) for value in values)]
    return tag("select", options, id=f"filter-{name}", data_name=name, aria_label=name)


def _problem(rows: Sequence[Row], others: Sequence[Row] | None, result: EvalResult, other: Other | None) -> Markup:
    first, share = rows[0], share_of(rows)
    right = sum(row["passed"] for row in rows)
    mark = "✓" if share == 1 else "✗" if share == 0 else f"{right}/{len(rows)}"
    differs = bool(others) and share_of(others or []) != share
    place = f"{first['suite']} · {first['format']}"
    summary = tag(
        "summary",
        tag("b", mark, class_="ok" if share == 1 else "alarm" if share == 0 else None),
        tag("span", place, class_="fine"),
        tag("span", rich_text(shortened(" ".join(first["question"].split()), 140))),
    )
    columns = [_column(result.model if other else None, rows)]
    if other is not None:
        columns.append(_column(other.model, others or []))
    return tag(
        "details",
        summary,
        tag("div", rich_text(first["question"]), class_="question"),
        tag("p", "reference ", tag("b", _formula(first["reference"])), class_="fine"),
        tag("div", columns, class_="columns"),
        class_="answered",
        data_suite=first["suite"],
        data_format=first["format"],
        data_outcome=" ".join(dict.fromkeys(row["outcome"] for row in rows)),
        data_topic=first["topic"],
        data_level=first["difficulty"],
        data_differs=differs,
    )


def _column(model: str | None, rows: Sequence[Row]) -> Markup:
    answers = [_answer(row, len(rows)) for row in rows[:MOST_SAMPLES]]
    more = tag("p", f"and {len(rows) - MOST_SAMPLES:,} more", class_="fine") if len(rows) > MOST_SAMPLES else None
    name = tag("h3", shortened(model, 60)) if model else None
    return tag("div", name, answers or tag("p", "not asked", class_="fine"), more)


def _answer(row: dict[str, Any], samples: int) -> Markup:
    number = f"{row['sample'] + 1} of {samples}: " if samples > 1 else ""
    answer = join(["answer ", tag("b", _formula(row["answer"])), ", "]) if row["answer"] is not None else None
    told = [row["detail"], "" if row["ended"] else "did not stop of its own accord", amount(row["tokens"], "token")]
    told.append(amount(row["tool_calls"], "program") if row["tool_calls"] else "")
    verdict = tag(
        "p",
        number,
        answer,
        tag("b", row["outcome"], class_="ok" if row["passed"] else "alarm"),
        tag("span", "; ".join(filter(None, told)), class_="fine"),
        class_="verdict",
    )
    return tag("div", list(_words(row["response"])), verdict, class_="answer")


def _words(response: str) -> Iterator[Markup]:
    for segment in parse_response(response[:_MOST_CHARS]):
        match segment.kind:
            case SegmentKind.TEXT:
                yield tag("div", rich_text(segment.text), class_="words")
            case SegmentKind.THINK:
                yield tag("details", tag("summary", "thought"), tag("div", rich_text(segment.text), class_="words"))
            case SegmentKind.CODE | SegmentKind.OUTPUT:
                yield tag("pre", tag("code", segment.text), class_=str(segment.kind), tabindex="0")
    if len(response) > _MOST_CHARS:
        yield tag("p", f"{len(response) - _MOST_CHARS:,} more characters", class_="fine")


def _formula(answer: str) -> Markup:
    return rich_text(as_formula(answer.strip()))


def _percent(share: float) -> str:
    return f"{100 * share:.1f}\u202f%"


def _value(figure: Interval | None) -> str:
    return "" if figure is None else _percent(figure.value)
