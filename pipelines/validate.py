"""`mathmill validate`: carries the judge over shards, writes the report and, last, the verdict.

Shards are judged in this process, one after another; with any Beam flag, Beam carries them (`pipelines.inspecting`).
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pipelines.engine.disk import full_disk_in_one_line
from pipelines.engine.runners import PATIENCE_S
from pipelines.engine.workfolder import unwritten
from pipelines.foreign import lay_out
from pipelines.inspecting import carrier
from pipelines.output.delivery import send_folder
from schemas.config import Benchmark, Config, Source, Train
from schemas.copies import SHARDS, copied, copied_whole
from schemas.exits import ExitCode
from schemas.files import write_text
from schemas.place import Place, as_text, located, reached, require_writable, sending
from schemas.verb_process import run_verb
from schemas.verdict import VERDICT, Status, Verdict
from validation.dataset.block_index import write_block_tables
from validation.dataset.drift import Baseline, compare, read_baseline
from validation.dataset.gate import Judgement, Progress, judge
from validation.dataset.report.data_docs import write_data_docs
from validation.dataset.report.page import write_report
from validation.dataset.unclaimed import as_foreign

_DEFAULTS = Config()
_VERDICT = Path(VERDICT).name


def validate(
    data: str | Path,
    config: Config = _DEFAULTS,
    *,
    output: str | Path | None = None,
    draft: bool = False,
    baseline: str | Path | None = None,
    data_docs: bool = False,
    beam_flags: Sequence[str] = (),
    patience: float = PATIENCE_S,
    on_progress: Progress | None = None,
    on_note: Callable[[str], None] | None = None,
) -> Verdict:
    """Judges a data set and writes `quality/verdict.json` and `quality/report/`; beside a passed verdict its tables.

    An earlier verdict is removed before judging starts; the new one is written last, so one that is there is whole.
    Where a tokenizer is named, the tokens that a training run would count first are counted, and kept in the cache.

    Args:
        data: the data set.
        config: its table `validate` is used.
        output: where `verdict.json` and `report/` go instead of `quality/` in the data set.
        draft: stamp verdict and report as those of a draft.
        baseline: another data set; the report says what changed.
        data_docs: also write Great Expectations' own page to `data_docs/`.
        beam_flags: flags of any Beam runner; none judges in this process.
        patience: seconds that an engine may take to start its first worker.
        on_progress: told in words what is being looked at.
        on_note: told in a line what was counted for training, or why nothing was.

    Returns:
        The verdict; a failed one too: the caller decides how the process ends.

    Raises:
        UserError: not a data set, an expectation that does not exist, or a flag that nobody knows.
    """
    report = located(data) / str(Path(VERDICT).parent) if output is None else located(output)
    carry, other = carrier(beam_flags, located(data), report, patience=patience), _baseline(baseline)
    with unwritten(located(data)), _published(report) as quality, copied_whole(data) as folder:
        judgement = judge(folder, config.validate_, draft=draft, carry=carry, on_progress=on_progress)
        if judgement.verdict.status is Status.PASSED:
            tables = write_block_tables(folder, judgement.manifest, quality)
            judgement.verdict = judgement.verdict.model_copy(update={"tables": tables})
        _publish(judgement, quality, other, on_progress, data_docs=data_docs)
    passed = judgement.verdict.status is Status.PASSED
    if passed and output is None and (train := _trained_with(config)):
        note = _count_ahead(data, train, on_progress)
        if on_note is not None:
            on_note(note)
    return judgement.verdict


def _trained_with(config: Config) -> Train | None:
    """The training whose tokens are counted: that of the config, else one by the named tokenizer; None: there is none.

    A model that is made from scratch has no tokenizer before its run.
    """
    named = config.validate_.tokenizer
    if named is None or (config.train is not None and not isinstance(config.train.model, str)):
        return None
    return config.train or Train(model=named, steps=1, context=config.validate_.context)


def _count_ahead(data: str | Path, train: Train, on_progress: Progress | None) -> str:
    """Has a judged data set's tokens counted by the trainer's own code, which this process does not import."""
    if on_progress is not None:
        on_progress("counting tokens for training")
    table = {"train": train.model_dump(mode="json", exclude_unset=True)}
    code, line = run_verb("lengths", "--data", as_text(data), config=table)
    return line if code == ExitCode.DONE else f"tokens were not counted for training: {line}"


def validate_foreign(
    source: Source,
    config: Config = _DEFAULTS,
    *,
    output: Path,
    benchmarks: Sequence[str | Benchmark] = (),
    baseline: Path | None = None,
    data_docs: bool = False,
    beam_flags: Sequence[str] = (),
    on_progress: Progress | None = None,
) -> Verdict:
    """Judges data that mathmill did not make; what it never claimed is `not_checked`.

    Args:
        source: where the rows are and the adapter that reads them.
        config: as for `validate`.
        output: where `verdict.json` and `report/` go.
        benchmarks: what must not leak; none: contamination is not checked.
        baseline: as for `validate`.
        data_docs: as for `validate`.
        beam_flags: as for `validate`.
        on_progress: as for `validate`.

    Raises:
        UserError: a path, adapter, field, benchmark or expectation that cannot be used.
    """
    with tempfile.TemporaryDirectory(prefix="mathmill-foreign-") as name:
        folder = Path(name) / "data"
        carry, other = carrier(beam_flags, folder, located(output)), _baseline(baseline)
        with _published(located(output)) as quality:
            lay_out(source, benchmarks, folder)
            judgement = as_foreign(judge(folder, config.validate_, carry=carry, on_progress=on_progress))
            _publish(judgement, quality, other, on_progress, data_docs=data_docs)
    return judgement.verdict


def _baseline(data: str | Path | None) -> Baseline | None:
    if data is None:
        return None
    with copied(data, SHARDS) as folder:
        return read_baseline(folder)


@contextmanager
def _published(report: Path | Place) -> Iterator[Path]:
    """Gives the folder that report and verdict are written to, without an earlier verdict; in a store it is sent."""
    if not isinstance(report, Place):
        with full_disk_in_one_line(report, advice="there is no verdict; mend that and run the same command again"):
            (report / _VERDICT).unlink(missing_ok=True)
            yield report
        return
    require_writable(report)
    with reached(report):
        (report / _VERDICT).remove()
    with tempfile.TemporaryDirectory(prefix="mathmill-report-") as name:
        yield Path(name)
        with sending(report, advice="there is no verdict; run the same command again"):
            send_folder(Path(name), report, last=_VERDICT)


def _publish(
    judgement: Judgement, quality: Path, baseline: Baseline | None, on_progress: Progress | None, *, data_docs: bool
) -> None:
    if on_progress is not None:
        on_progress("writing the report")
    if baseline is not None:
        judgement.drift = compare(baseline, judgement.findings)
    quality.mkdir(parents=True, exist_ok=True)
    write_report(judgement, quality / "report")
    if data_docs:
        write_data_docs(judgement, quality / "data_docs")
    write_text(quality / _VERDICT, judgement.verdict.to_json())
