"""The verbs of this room: curate, validate, trace, export, review, benchmarks, clean, doctor."""

import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from pipelines.engine.runners import PATIENCE_S
from schemas.configfile import load_config
from schemas.exits import UserError, run_command_line

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)

_BEAM = {"allow_extra_args": True, "ignore_unknown_options": True}
ConfigFile = Annotated[Path, typer.Argument(metavar="CONFIG", help="the YAML file of the run")]
DataFolder = Annotated[Path, typer.Argument(metavar="DATA", help="a data set made by `mathmill curate`")]
Overrides = Annotated[list[str], typer.Option("--set", metavar="KEY.PATH=VALUE", help="override a key of the config")]
Patience = Annotated[float, typer.Option(min=1, help="seconds that an engine may take to start a worker")]
Debug = Annotated[bool, typer.Option("--debug", help="show tracebacks")]


@app.command(context_settings=_BEAM)
def curate(
    context: typer.Context,
    config: ConfigFile,
    output: Annotated[Path | None, typer.Option(help="the data set's folder")] = None,
    against: Annotated[
        list[Path], typer.Option(metavar="DATA", help="earlier data whose examples are removed; may be given again")
    ] = [],  # noqa: B006  typer copies defaults
    workers: Annotated[int, typer.Option(min=1, help="Beam processes; programs use all cores anyway")] = 1,
    set_: Overrides = [],  # noqa: B006  typer copies defaults
    preview: Annotated[
        int | None, typer.Option(min=1, help="take so many rows of each source up to verify, show them, stop")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="measure what a row costs, print the bill and stop")
    ] = False,
    draft: Annotated[bool, typer.Option(help="turn refusals into notes and stamp the data DRAFT")] = False,
    overwrite: Annotated[bool, typer.Option(help="start over in a folder that holds another run")] = False,
    strict: Annotated[bool, typer.Option(help="stop at the first row that makes a stage raise")] = False,
    patience: Patience = PATIENCE_S,
    debug: Debug = False,
) -> None:
    """Raw rows -> verified, de-duplicated, decontaminated Arrow shards. Other flags go to Beam."""
    beam_flags = _beam_flags(context)
    checked = load_config(config, set_)
    if preview is not None:
        from pipelines.cli.preview import run_preview  # deferred: Beam

        run_preview(checked, preview)
        return
    if dry_run:
        from pipelines.cli.bill import run_dry  # deferred: Beam

        run_dry(checked)
        return
    if output is None:
        raise typer.BadParameter("--output DATA is required, or --preview N, or --dry-run")
    from pipelines.cli.commands import run_curate  # deferred: `--help` and a mistake in the config need no pyarrow
    from pipelines.refusals import RunOptions

    options = RunOptions(
        against=against,
        workers=workers,
        draft=draft,
        overwrite=overwrite,
        strict=strict,
        beam_flags=beam_flags,
        patience=patience,
    )
    run_curate(checked, output, options, config_file=config)


@app.command(context_settings=_BEAM)
def validate(
    context: typer.Context,
    data: Annotated[str, typer.Argument(metavar="DATA", help="a data set made by `mathmill curate`, or other data")],
    config: Annotated[Path | None, typer.Option(help="its table `validate` is used")] = None,
    set_: Overrides = [],  # noqa: B006  typer copies defaults
    output: Annotated[Path | None, typer.Option(help="where the report goes, if not into the data set")] = None,
    draft: Annotated[bool, typer.Option(help="turn a refusal into a note")] = False,
    baseline: Annotated[Path | None, typer.Option(help="another data set; the report says what changed")] = None,
    data_docs: Annotated[bool, typer.Option("--data-docs", help="also write Great Expectations' own page")] = False,
    adapter: Annotated[str | None, typer.Option(help="reads rows of data that mathmill did not make")] = None,
    format_: Annotated[str | None, typer.Option("--format", help="cot | pot | tir, for `--adapter columns`")] = None,
    columns: Annotated[str, typer.Option(help="for `--adapter columns`: question=problem,solution=text")] = "",
    patience: Patience = PATIENCE_S,
    debug: Debug = False,
) -> None:
    """Shards -> a verdict and a quality report. Exit code 1 when the gate is closed.

    Data that mathmill did not make (a folder of `datasets`, Arrow, Parquet, JSONL, hf://...) needs --adapter and
    --output; benchmarks are those of the config's table `curate`.
    """
    beam_flags = _beam_flags(context)
    from pipelines.cli.commands import run_validate, run_validate_foreign  # deferred: `--help` needs no pyarrow

    if adapter is None:
        run_validate(
            Path(data),
            config,
            set_,
            output=output,
            draft=draft,
            baseline=baseline,
            data_docs=data_docs,
            beam_flags=beam_flags,
            patience=patience,
        )
        return
    if output is None:
        raise typer.BadParameter("--output REPORT is required for data that mathmill did not make")
    rows = {"path": data, "adapter": adapter, "format": format_, "columns": columns}
    run_validate_foreign(
        rows, config, set_, output=output, draft=draft, baseline=baseline, data_docs=data_docs, beam_flags=beam_flags
    )


def _beam_flags(context: typer.Context) -> list[str]:
    """Returns what is left of the command line, refused before anything else where Beam does not know it."""
    if context.args:
        from pipelines.cli.flags import refuse_unknown  # deferred: without such flags there is nothing to check

        ours = [flag.lstrip("-") for option in context.command.params for flag in option.opts if flag.startswith("-")]
        refuse_unknown(context.args, ours, verb=context.command.name or "")
    return context.args


@app.command()
def trace(
    data: DataFolder,
    identity: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="an id of the ledger, its beginning, or SOURCE:ROW")
    ] = None,
    reason: Annotated[str | None, typer.Option(metavar="REASON", help="the rows that fell to this reason")] = None,
    against: Annotated[
        list[Path], typer.Option(metavar="DATA", help="the earlier data, to show what was lost to it")
    ] = [],  # noqa: B006  typer copies defaults
    debug: Debug = False,
) -> None:
    """One row's story: its source, what each stage said, and the partner or benchmark item beside it."""
    from pipelines.cli.curate_console import console_for  # deferred: `--help` needs no Beam
    from pipelines.cli.trace import print_trace

    print_trace(console_for(), data, identity, reason=reason, against=against)


@app.command()
def export(
    data: DataFolder,
    to: Annotated[str, typer.Option(help="messages | prompt_completion")],
    output: Annotated[Path, typer.Option(help="a folder; one file per split")],
    format_: Annotated[str, typer.Option("--format", help="jsonl | parquet")] = "jsonl",
    instruction: Annotated[
        bool, typer.Option("--instruction/--without-instruction", help="how to answer, behind each question")
    ] = True,
    draft: Annotated[bool, typer.Option(help="export data without a passed verdict")] = False,
    debug: Debug = False,
) -> None:
    """Shards -> rows for other trainers: TRL, axolotl, NeMo-RL, prime-rl.

    In `messages` a program is a call of the tool `python`, and what it printed is the tool's turn: a trainer that
    learns from the assistant's turns (TRL: assistant_only_loss) leaves out what mathmill leaves out.
    """
    from pipelines.cli.export import export_data  # deferred: `--help` needs no pyarrow

    for path, rows in export_data(
        data, to=to, file_format=format_, output=output, instruction=instruction, draft=draft
    ):
        print(f"{path}: {rows:,} rows")


@app.command()
def review(
    data: DataFolder,
    output: Annotated[
        Path | None, typer.Option(help="write the queue: JSONL; .csv a table, .json tasks of Label Studio")
    ] = None,
    serve: Annotated[bool, typer.Option("--serve", help="open a page on this machine where people decide")] = False,
    html: Annotated[Path | None, typer.Option(help="write the page as one file, without a server")] = None,
    import_: Annotated[
        Path | None, typer.Option("--import", help="decisions back: of a page, Label Studio, Prodigy, Argilla, a table")
    ] = None,
    accept: Annotated[list[str], typer.Option(metavar="GROUP", help="accept a group as a whole")] = [],  # noqa: B006
    reject: Annotated[list[str], typer.Option(metavar="GROUP", help="reject a group as a whole")] = [],  # noqa: B006
    by: Annotated[str | None, typer.Option(metavar="NAME", help="who decides")] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="of the page; 0: any that is free")] = 8765,
    host: Annotated[str, typer.Option(help="another address than this machine's own: several people")] = "127.0.0.1",
    overlap: Annotated[int, typer.Option(min=1, help="people who look at each row")] = 1,
    adjudicator: Annotated[list[str], typer.Option(metavar="NAME", help="who decides over votes")] = [],  # noqa: B006
    controls: Annotated[Path | None, typer.Option(help="JSONL of row_id and expected, mixed in blindly")] = None,
    look_at: Annotated[Path | None, typer.Option(help="JSONL of ids: losses/to_look_at.jsonl of a run")] = None,
    sample: Annotated[int, typer.Option(min=1, help="rows of each reason that an audit draws")] = 50,
    decisions: Annotated[Path | None, typer.Option(metavar="FOLDER", help="of decisions; else DATA.reviews")] = None,
    rows: Annotated[int, typer.Option(min=1, help="rows in the one file of --html")] = 500,
    debug: Debug = False,
) -> None:
    """Rows in question -> what people decide: a page (--serve) or a file (--output).

    The queue holds quarantined rows, grouped by cause, ranked; the page also doubtful rows and a random audit.
    """
    from pipelines.cli.review_ways import ReviewOptions, run_review  # deferred: `--help` needs no pyarrow

    options = ReviewOptions(
        accept, reject, by, port, host, overlap, tuple(adjudicator), controls, look_at, sample, decisions, rows
    )
    run_review(data, {"--output": output, "--serve": serve, "--html": html, "--import": import_}, options)


@app.command()
def benchmarks(
    config: ConfigFile,
    output: Annotated[Path, typer.Option(help="an Arrow file of items")],
    set_: Overrides = [],  # noqa: B006  typer copies defaults
    debug: Debug = False,
) -> None:
    """evaluate.benchmarks -> their items, as `mathmill evaluate` asks them: it calls this, in a process of its own."""
    named = load_config(config, set_).evaluate.benchmarks
    if not named:
        raise UserError(f"{config}: names no benchmarks in evaluate.benchmarks")
    from pipelines.sources.items import load_items  # deferred: Beam
    from schemas.benchmark import write_items

    table, sources = load_items(named)
    write_items(output, table, sources)
    print(f"{output}: {table.num_rows:,} items of {', '.join(source.name for source in sources)}")


@app.command()
def clean(
    data: Annotated[
        list[str] | None,
        typer.Argument(metavar="[DATA]...", help="data sets; none: all that was sent to stores from here"),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="remove them; without it nothing is removed")] = False,
    debug: Debug = False,
) -> None:
    """Work folders: what runs left to continue from. Never what they published, never that of a live run."""
    from pipelines.cli.clean import print_clean  # deferred: `--help` needs no pyarrow
    from pipelines.cli.curate_console import console_for

    print_clean(console_for(), data or [], remove=yes)


@app.command()
def doctor(
    place: Annotated[Path, typer.Argument(metavar="FOLDER", help="on the disk that data is written to")] = Path(),
    debug: Debug = False,
) -> None:
    """This machine: isolation of programs, packages, cores, memory, disk, GPU, hub; what would mend each."""
    if not place.is_dir():
        raise UserError(f"{place}: no such folder")
    from pipelines.cli.curate_console import console_for  # deferred: `--help` needs no isolation
    from pipelines.cli.doctor import examine, print_findings

    print_findings(console_for(), examine(place))


def main(arguments: Sequence[str]) -> int:
    """Runs a verb with its arguments and returns the exit code."""
    # Beam warns about cloud clients that nobody here uses, and logs each worker's traceback of an error that it raises.
    debug = "--debug" in arguments
    logging.basicConfig(level=logging.WARNING if debug else logging.ERROR)
    logging.getLogger("apache_beam").setLevel(logging.WARNING if debug else logging.CRITICAL)
    logging.getLogger().addFilter(lambda _: debug)  # where Beam repeats what a job service says, tracebacks and all
    return run_command_line(app, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
