"""`mathmill review` by its ways: a page on this machine, or files; one of them at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.cli.curate_console import console_for
from pipelines.cli.review_queue import print_queue, write_queue
from schemas.exits import UserError


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
    value = ways[chosen[0]]
    if isinstance(value, Path):
        groups = write_queue(data, value, accept=options.accept, reject=options.reject, by=options.by)
        print_queue(groups, value)
        return
    _serve(data, options)


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
