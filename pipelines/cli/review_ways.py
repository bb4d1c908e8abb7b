"""`mathmill review` by its ways: a page on this machine, or files; one of them at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipelines.cli.curate_console import console_for
from pipelines.cli.review_queue import print_queue, write_queue
from pipelines.engine.disk import unwritable_in_one_line
from pipelines.review.shell import MOST_NAME, NO_NAME, name_of
from schemas.exits import UserError
from schemas.files import replacing
from schemas.wording import amount


@dataclass(frozen=True, slots=True)
class ReviewOptions:
    """The options of `mathmill review`, as the command line has them."""

    accept: Sequence[str]
    reject: Sequence[str]
    by: str | None
    port: int
    host: str
    overlap: int
    adjudicators: tuple[str, ...]
    controls: Path | None
    look_at: Path | None
    sample: int
    decisions: Path | None
    rows: int


def run_review(data: Path, ways: Mapping[str, Path | bool | None], options: ReviewOptions) -> None:
    """Runs the one way that was asked for.

    Args:
        data: the data set.
        ways: what each of the options that exclude one another holds.
        options: the others.

    Raises:
        UserError: none or several ways, or an option that belongs to another way.
    """
    chosen = [way for way, value in ways.items() if value]
    if len(chosen) != 1:
        found = f"not {' and '.join(chosen)} together" if chosen else "none was given"
        raise UserError(f"one of {', '.join(ways)}: {found}")
    if chosen != ["--output"] and (options.accept or options.reject):
        raise UserError("--accept, --reject: they settle groups of --output; on the page a group is settled with g")
    options = replace(
        options,
        by=None if options.by is None else _name(options.by, "--by"),
        adjudicators=tuple(_name(name, "--adjudicator") for name in options.adjudicators),
    )
    value = ways[chosen[0]]
    if not isinstance(value, Path):
        _serve(data, options)
    elif chosen == ["--html"]:
        _write_page(data, value, options)
    elif chosen == ["--import"]:
        _import(data, value, options)
    elif value.suffix.lower() in (".csv", ".json"):
        _write_rows(data, value)
    else:
        groups = write_queue(data, value, accept=options.accept, reject=options.reject, by=options.by)
        print_queue(groups, value, data)


def _name(text: str, option: str) -> str:
    name = name_of(text)
    if name is None:
        raise UserError(f"{option} {text[:MOST_NAME]!r}: {NO_NAME}")
    return name


def _serve(data: Path, options: ReviewOptions) -> None:
    from pipelines.review.office import Terms  # deferred: the page needs packages of the extra `review`
    from pipelines.review.serve import Asked, serve

    serve(
        console_for(),
        data,
        port=options.port,
        host=options.host,
        person=options.by,
        terms=Terms(options.overlap, frozenset(options.adjudicators)),
        asked=Asked(options.sample, options.look_at, options.controls),
        decisions=options.decisions,
    )


def _write_page(data: Path, path: Path, options: ReviewOptions) -> None:
    from pipelines.review.opened import opened_data
    from pipelines.review.queues import quarantined
    from pipelines.review.single_file import write_single_file

    with opened_data(data) as opened, unwritable_in_one_line(path):
        queue = quarantined(opened)
        shown = write_single_file(opened, queue, path, person=options.by, rows=options.rows)
    rest = f", the first of {queue.asked:,} (more with --rows)" if shown < queue.asked else ""
    console_for().print(
        f"{path}: {shown:,} rows{rest}; decisions are saved with d, and come back with\n"
        f"  mathmill review {data} --import decisions-NAME.jsonl",
        soft_wrap=True,
        markup=False,
    )


def _write_rows(data: Path, path: Path) -> None:
    from pipelines.review.exchange import LABELS, rows_to_ask, write_table, write_tasks
    from pipelines.review.opened import opened_data
    from pipelines.review.queues import quarantined

    write = write_tasks if path.suffix.lower() == ".json" else write_table
    with opened_data(data) as opened, unwritable_in_one_line(path), replacing(path) as temporary:
        written = write(temporary, rows_to_ask(opened, quarantined(opened)))
    lines = [f"{path}: {written:,} rows; decisions come back with mathmill review {data} --import FILE"]
    if write is write_tasks:
        lines.append(f"the labelling interface for Label Studio:\n{LABELS}")
    for line in lines:
        console_for().print(line, soft_wrap=True, markup=False)


def _import(data: Path, path: Path, options: ReviewOptions) -> None:
    from pipelines.review.exchange import imported, read_decisions
    from pipelines.review.journal import journals
    from pipelines.review.opened import opened_data
    from pipelines.review.serve import decisions_folder
    from pipelines.sources.files.acts import passed_over

    folder = decisions_folder(data, options.decisions)
    incoming = read_decisions(path)
    with opened_data(data) as opened, journals(folder) as (decided, _), unwritable_in_one_line(folder):
        added, there = imported(opened, decided, incoming.decisions)
    lost = len(incoming.decisions) - added - there
    facts = [f"{amount(added, 'decision')} added to {decided.path}"]
    facts += [f"{there:,} stood there already"] * bool(there)
    facts += [f"{lost:,} are about rows that are not in {data}: they changed since, and are left out"] * bool(lost)
    facts += [f"{amount(incoming.undecided, 'row')} without a decision"] * bool(incoming.undecided)
    facts += [passed_over(incoming.torn)] * bool(incoming.torn)
    console_for().print("; ".join(facts), soft_wrap=True, markup=False)
