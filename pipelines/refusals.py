"""What curation refuses before it reads a row: mistakes in the config, in options, and about folders.

`curate` asks here first, and so does the command line, before it imports Beam: a mistake is told in half a second.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.engine.progress import Progress
from pipelines.engine.runners import PATIENCE_S, engine_in, refuse_runner
from pipelines.engine.workfolder import refuse_other_runs
from pipelines.output.delivery import refuse_other_data
from pipelines.sources.adapters.registry import check_sources
from pipelines.sources.catalogue import resolve
from pipelines.sources.files.places import find_files, is_local
from pipelines.stages.label.taxonomy import taxonomies_of
from pipelines.stages.rules.own_functions import rules_of
from schemas.config import Config, Curate
from schemas.copies import copied
from schemas.exits import UserError
from schemas.manifest import read_manifest
from schemas.place import Place, located
from schemas.reason import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How a run is made, beside what its config says: the arguments of `curate`, which says what each means."""

    against: Sequence[Path] = ()
    workers: int = 1
    draft: bool = False
    overwrite: bool = False
    strict: bool = False
    beam_flags: Sequence[str] = ()
    patience: float = PATIENCE_S
    on_progress: Callable[[Progress], None] = lambda _: None
    on_note: Callable[[str], None] = lambda _: None

    @property
    def on_engine(self) -> bool:
        """Whether the workers are another engine's, which see no disk of ours."""
        return engine_in(self.beam_flags) is not None


def refuse_mistakes(config: Config, output: Path, options: RunOptions) -> Curate:
    """Checks what needs no row, and returns the table `curate`. Nothing is fetched and nothing is written.

    Raises:
        UserError: the first mistake.
    """
    settings = curate_table(config)
    refuse_runner(options.beam_flags)
    if settings.reviews and Stage.SELECT in settings.skip:
        raise UserError("curate.reviews: the stage `select` applies them, and curate.skip leaves it out")
    if options.against and Stage.IDENTIFY in settings.skip:
        raise UserError("--against: the stage `identify` holds against earlier data, and curate.skip leaves it out")
    place = located(output)
    if isinstance(place, Place):
        refuse_other_data(place, settings, overwrite=options.overwrite, on_engine=options.on_engine)
    else:
        refuse_other_runs(place, settings, overwrite=options.overwrite)
    check_sources(settings.sources)
    taxonomies_of(settings.sources, settings.label.taxonomies)
    rules_of(settings)
    benchmarks = [resolve(benchmark) for benchmark in settings.benchmarks]
    for path in [*(source.path for source in settings.sources), *(benchmark.path for benchmark in benchmarks)]:
        if is_local(path):
            find_files(path)
    for data in options.against:
        if _resolved(data) == _resolved(output):
            raise UserError(f"--against {place}: that is the output itself; name other, earlier data")
        with copied(data) as folder:
            read_manifest(folder)
    return settings


def _resolved(location: Path) -> Path | Place:
    place = located(location)
    return place if isinstance(place, Place) else place.resolve()


def curate_table(config: Config) -> Curate:
    """Returns the table `curate`.

    Raises:
        UserError: the config has none.
    """
    if config.curate is None:
        raise UserError("the config has no table `curate`")
    return config.curate
