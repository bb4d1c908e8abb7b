"""`mathmill validate`: carries the judge over shards, writes the report and, last, the verdict.

A few shards are judged in this process. More of them, or any Beam flag, and Beam carries the inspector: one shard is
one element, its findings come back as a file, since a runner may work on other machines.
"""

import pickle
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.engine.beam import beam_options, open_pipeline
from pipelines.foreign import lay_out
from pipelines.output.delivery import send_folder
from schemas.config import Benchmark, Config, Source
from schemas.copies import SHARDS, copied, copied_whole
from schemas.files import replacing, write_text
from schemas.manifest import ShardRecord
from schemas.place import Place, located, reached, require_writable, sending
from schemas.verdict import VERDICT, Status, Verdict
from validation.dataset.block_index import write_block_tables
from validation.dataset.drift import Baseline, compare, read_baseline
from validation.dataset.gate import Carry, Judgement, Progress, inspect_in_turn, judge
from validation.dataset.report.data_docs import write_data_docs
from validation.dataset.report.page import write_report
from validation.dataset.shard import Findings, Inspector, Settings
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
    on_progress: Progress | None = None,
) -> Verdict:
    """Judges a data set and writes `quality/verdict.json` and `quality/report/`; beside a passed verdict its tables.

    An earlier verdict is removed before judging starts; the new one is written last, so one that is there is whole.

    Args:
        data: the data set.
        config: its table `validate` is used.
        output: where `verdict.json` and `report/` go instead of `quality/` in the data set.
        draft: stamp verdict and report as those of a draft.
        baseline: another data set; the report says what changed.
        data_docs: also write Great Expectations' own page to `data_docs/`.
        beam_flags: flags of any Beam runner; none judges in this process.
        on_progress: told in words what is being looked at.

    Returns:
        The verdict; a failed one too: the caller decides how the process ends.

    Raises:
        UserError: not a data set, an expectation that does not exist, or a flag that nobody knows.
    """
    carry, other = _carry(beam_flags), _baseline(baseline)
    report = located(data) / str(Path(VERDICT).parent) if output is None else located(output)
    with _published(report) as quality, copied_whole(data) as folder:
        judgement = judge(folder, config.validate_, draft=draft, carry=carry, on_progress=on_progress)
        if judgement.verdict.status is Status.PASSED:
            tables = write_block_tables(folder, judgement.manifest, quality)
            judgement.verdict = judgement.verdict.model_copy(update={"tables": tables})
        _publish(judgement, quality, other, on_progress, data_docs=data_docs)
    return judgement.verdict


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
    carry, other = _carry(beam_flags), _baseline(baseline)
    with _published(located(output)) as quality, tempfile.TemporaryDirectory(prefix="mathmill-foreign-") as name:
        folder = Path(name) / "data"
        lay_out(source, benchmarks, folder)
        judgement = as_foreign(judge(folder, config.validate_, carry=carry, on_progress=on_progress))
        _publish(judgement, quality, other, on_progress, data_docs=data_docs)
    return judgement.verdict


def _carry(beam_flags: Sequence[str]) -> Carry:
    return partial(inspect_with_beam, options=beam_options(1, beam_flags)) if beam_flags else inspect_in_turn


def _baseline(data: str | Path | None) -> Baseline | None:
    if data is None:
        return None
    with copied(data, SHARDS) as folder:
        return read_baseline(folder)


@contextmanager
def _published(report: Path | Place) -> Iterator[Path]:
    """Gives the folder that report and verdict are written to, without an earlier verdict; in a store it is sent."""
    if not isinstance(report, Place):
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


class InspectShards(beam.DoFn):
    """Shard -> path of its findings. The suite and the benchmarks are loaded once per worker."""

    def __init__(self, settings: Settings, folder: str, findings: str) -> None:
        self._settings, self._folder, self._findings = settings, folder, findings
        self._inspector: Inspector | None = None

    def process(self, element: tuple[int, str, str]) -> list[str]:
        """Judges one shard."""
        if self._inspector is None:
            self._inspector = Inspector(self._settings)
        number, path, split = element
        found = self._inspector.inspect(Path(self._folder), path, split)
        target = Path(self._findings) / f"{number:06d}.pickle"
        with replacing(target) as temporary:
            temporary.write_bytes(pickle.dumps(found))
        return [str(target)]


def inspect_with_beam(
    settings: Settings, folder: Path, shards: Sequence[ShardRecord], *, options: PipelineOptions
) -> Iterable[Findings]:
    """Inspects shards with Beam, one shard an element."""
    with tempfile.TemporaryDirectory(prefix="mathmill-findings-") as findings:
        elements = [(number, shard.path, shard.split) for number, shard in enumerate(shards)]
        with open_pipeline(options) as pipeline:
            _ = (
                pipeline
                | "shards" >> beam.Create(elements)
                | "spread" >> beam.Reshuffle()
                | "inspect" >> beam.ParDo(InspectShards(settings, str(folder), findings))
            )
        yield from _read(Path(findings))


def _read(folder: Path) -> Iterator[Findings]:
    for path in sorted(folder.glob("*.pickle")):
        found = pickle.loads(path.read_bytes())
        assert isinstance(found, Findings), (path, type(found))
        yield found
