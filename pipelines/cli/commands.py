"""Verbs as a person runs them: the work of a room with a console around it."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.text import Text

from pipelines.cli.curate_console import CurateConsole, console_for, print_last_screen
from pipelines.cli.effects import effects, reviews_of
from pipelines.cli.findings import findings, remarks
from pipelines.engine.runners import PATIENCE_S, refuse_runner
from pipelines.engine.store import WORK
from pipelines.engine.workfiles import File, content_of, is_there
from pipelines.engine.workfolder import CONFIG_FILE, manifest_in
from pipelines.output.delivery import made_in
from pipelines.output.reader import read_alike
from pipelines.refusals import RunOptions, refuse_mistakes
from pipelines.sources.adapters.registry import ADAPTERS, check_sources
from schemas.config import Config, Source
from schemas.configfile import check_config, load_config
from schemas.copies import LEDGER, copied
from schemas.exits import RunFailedError, UserError
from schemas.files import write_text
from schemas.imports import importing
from schemas.manifest import MANIFEST, read_manifest
from schemas.place import Place, located, require_lasting
from schemas.reason import Stage
from schemas.reviews import REVIEWS
from schemas.verdict import VERDICT, Status, Verdict
from schemas.wording import UNKNOWN
from validation.programs import describe_levels


def run_curate(config: Config, output: Path, options: RunOptions, *, config_file: Path | None = None) -> None:
    """Curates with a live bar and prints the last screen; where the config was read is noted for `mathmill review`."""
    require_lasting(located(output))
    settings = refuse_mistakes(config, output, options)
    with importing():  # deferred: Beam, which no mistake above needs
        from pipelines.curate import curate_checked
        from pipelines.stages.select.stage import review_notes
    console = console_for()
    print_isolation(console, config, on_engine=options.on_engine)
    place = located(output)
    judged, before = (place / VERDICT).exists(), _reviews_before(place)
    notes: list[str] = []
    with CurateConsole(console) as shown:
        manifest = curate_checked(settings, output, replace(options, on_progress=shown.show, on_note=notes.append))
    with copied(output, LEDGER, REVIEWS) if options.on_engine else nullcontext(made_in(output)) as folder:
        ledger = read_alike(folder, manifest)
        lines = [*remarks(manifest, ledger), *notes, *review_notes(folder)]
        lines += effects(manifest, folder, before=before, min_heldout=config.validate_.min_heldout)
        if config_file is not None and not options.on_engine:
            write_text(folder / WORK / CONFIG_FILE, str(config_file.absolute()))
    if judged and not (place / VERDICT).exists():
        lines.append("quality/ is gone: its verdict and report were about the data that stood here before")
    print_last_screen(console, manifest, findings(manifest, ledger), place, remarks=lines)


def _reviews_before(place: File) -> list[str]:
    """The files of reviews that the data applied which stands in a place; none where there is no data."""
    manifest = manifest_in(content_of(place / MANIFEST)) if is_there(place / MANIFEST) else None
    return [] if manifest is None else reviews_of(manifest.get("config", {}))


def print_isolation(console: Console, config: Config, *, on_engine: bool = False) -> None:
    """Says which level of isolation programs run at, and the one command that would lift it."""
    if config.curate is None or Stage.VERIFY in config.curate.skip:
        return
    if on_engine:
        asked = config.curate.isolation
        level = f"isolation level {asked}" if asked else "the strongest isolation level of each"
        where = f"programs run on the workers, at {level}; the manifest names the weakest"
        console.print(Text(where, style="dim"))
        return
    from pipelines.stages.verify.stage import choose_level  # deferred: Beam

    *stronger, chosen = describe_levels(choose_level(config.curate.isolation))
    walls = ", ".join(chosen.walls)
    console.print(Text(f"programs run at isolation level {chosen.level} ({walls})", style="dim"))
    if chosen.weakness:
        console.print(Text(f"{chosen.weakness}; to mend it: {chosen.lift}", style="yellow"), soft_wrap=True)
    for report in stronger:
        lift = f"; to lift it: {report.lift}" if report.lift else ""
        console.print(Text(f"level {report.level} is not here: {report.problem}{lift}", style="yellow"), soft_wrap=True)


def run_validate(
    data: Path,
    config: Path | None,
    overrides: Sequence[str],
    *,
    output: Path | None,
    draft: bool,
    baseline: Path | None,
    data_docs: bool,
    beam_flags: Sequence[str],
    patience: float = PATIENCE_S,
) -> None:
    """Judges a data set and prints the verdict.

    Raises:
        RunFailedError: the gate is closed.
    """
    place = located(data)
    refuse_runner(beam_flags)
    if output is not None and isinstance(place, Path) and place.exists() and not (place / MANIFEST).is_file():
        raise UserError(
            f"{data}: no data set of mathmill: it has no {MANIFEST}; to judge other data, say with --adapter how its "
            f"rows are read: {', '.join(ADAPTERS)}"
        )
    settings = _settings(config, overrides)
    for other in filter(None, (baseline, data)):
        with copied(other) as folder:
            read_manifest(folder)
    with importing():  # deferred: Beam and the report, which no mistake above needs
        from pipelines.validate import validate
    notes: list[str] = []
    verdict = validate(
        data,
        settings,
        output=output,
        draft=draft,
        baseline=baseline,
        data_docs=data_docs,
        beam_flags=beam_flags,
        patience=patience,
        on_note=notes.append,
    )
    for note in notes:
        console_for().print(Text(note), soft_wrap=True)
    _conclude(place, verdict, located(output) if output else place / "quality", draft=draft)


def run_validate_foreign(
    rows: Mapping[str, str | None],
    config: Path | None,
    overrides: Sequence[str],
    *,
    output: Path,
    draft: bool,
    baseline: Path | None,
    data_docs: bool,
    beam_flags: Sequence[str],
) -> None:
    """Judges data that mathmill did not make and prints the verdict.

    Args:
        rows: path, adapter, format and columns as the command line has them.
        config: its table `validate` is used, and the benchmarks of its table `curate`.
        overrides: keys of the config.
        output: where the report goes.
        draft: turn a refusal into a note.
        baseline: another data set.
        data_docs: also write Great Expectations' own page.
        beam_flags: as for `validate`.

    Raises:
        RunFailedError: the gate is closed.
        UserError: data or options that cannot be used.
    """
    settings = _settings(config, overrides)
    source = _source(rows)
    check_sources([source])
    with importing():  # deferred: Beam and the report, which no mistake above needs
        from pipelines.validate import validate_foreign
    benchmarks = settings.curate.benchmarks if settings.curate else ()
    verdict = validate_foreign(
        source,
        settings,
        output=output,
        benchmarks=benchmarks,
        baseline=baseline,
        data_docs=data_docs,
        beam_flags=beam_flags,
    )
    _conclude(located(source.path), verdict, located(output), draft=draft)


def _settings(config: Path | None, overrides: Sequence[str]) -> Config:
    if overrides and config is None:
        raise UserError("--set changes a key of a config: name the file with --config")
    return load_config(config, overrides) if config else Config()


def _source(rows: Mapping[str, str | None]) -> Source:
    """The source that the options describe; it is named after its file."""
    pairs = [pair.partition("=") for pair in (rows["columns"] or "").split(",") if pair]
    for name, equals, _ in pairs:
        if not equals:
            raise UserError(f"--columns {name}: expected name=field, such as question=problem,solution=text")
    path = str(rows["path"])
    table = {
        "name": re.sub(r"[^a-z0-9_.-]+", "-", Path(path.partition("?")[0]).name.lower()).strip("-._") or "data",
        "path": path,
        "adapter": rows["adapter"],
        "format": rows["format"],
        "licence": UNKNOWN,
        "columns": {name: field for name, _, field in pairs},
    }
    checked = check_config({"curate": {"sources": [table]}}, where="the options")
    assert checked.curate is not None, table
    return checked.curate.sources[0]


def _conclude(data: Path | Place, verdict: Verdict, quality: Path | Place, *, draft: bool) -> None:
    report = quality / "report/index.html"
    print_verdict(console_for(), verdict, report)
    if verdict.status is not Status.PASSED and not draft:
        failed = [check.name for check in verdict.checks if check.status is Status.FAILED]
        raise RunFailedError(f"{data}: the gate is closed: {', '.join(failed[:3])}; every failure is in {report}")


def print_verdict(console: Console, verdict: Verdict, report: Path | Place) -> None:
    """Prints the verdict: failures first, then what was not checked, then the rest as a number."""
    marks = {Status.FAILED: ("failed", "red"), Status.WARNING: ("warning", "yellow")}
    for status, mark in marks.items():
        for check in verdict.checks:
            if check.status is status:
                console.print(Text.assemble(mark, f"  {check.name}: {check.detail}"))
    unchecked = [check.name for check in verdict.checks if check.status is Status.NOT_CHECKED]
    if unchecked:
        console.print(f"[dim]not checked: {', '.join(unchecked)}[/]")
    counts = Counter(check.status for check in verdict.checks)
    tally = ", ".join(f"{counts[status]} {status.replace('_', ' ')}" for status in Status if counts[status])
    colour = "green" if verdict.status is Status.PASSED else "red"
    console.print(f"[bold {colour}]{verdict.status.upper()}[/]  {len(verdict.checks)} checks: {tally}")
    console.print(Text(f"report: {report}"), soft_wrap=True)
