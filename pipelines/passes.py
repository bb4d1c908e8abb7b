"""All steps of the line over all parts: one Beam pipeline, and one more for what could not be written."""

import gc
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial

import apache_beam as beam

from pipelines.engine.line import Done, Line, Step
from pipelines.engine.transforms import ReadParts
from pipelines.output.decide import DecideSettings, PartSummary
from pipelines.output.finish import Finish, forget_finished, read_finished, unwritten
from pipelines.output.write import UNWRITTEN, WriteSettings, Written
from pipelines.sources.catalogue import resolve
from pipelines.sources.inputs import Inputs, render_split
from pipelines.stages.duplicates import stage as duplicates
from pipelines.stages.duplicates.collapse import keys_of
from schemas.config import Curate
from schemas.reason import Stage

Opener = Callable[[], AbstractContextManager[beam.Pipeline]]
"""gives a pipeline that runs when the block ends"""


def run_line(
    line: Line, inputs: Inputs, steps: Sequence[Step], opened: Opener
) -> tuple[list[PartSummary], list[Written]]:
    """Runs all steps over all parts and returns what was decided and written."""
    settings, store = line.settings, line.store
    forget_finished(store)
    keys = partial(keys_of, templates=duplicates.needs_templates(settings))
    render = partial(render_split, strict=store.strict)
    gc.freeze()  # what is imported stays: the collector need not walk it again and again
    with opened() as pipeline:
        parts = pipeline | "splits" >> beam.Create(list(inputs.splits)) | ReadParts(store, render, keys)
        done = Done()
        for number, step in enumerate(steps):
            parts = parts | f"{number} {step.folder}" >> step.transform(done)
            done = done.plus(step)
        _ = parts | finishing(line, done)
    finished = [summary.part for summary in read_finished(store)[0]]
    done, lost = Done((*done.tagged, (Stage.WRITE, UNWRITTEN))), 0
    while (number := unwritten(store, finished)) > lost:  # what could not be written is decided anew
        lost = number
        with opened() as pipeline:
            _ = pipeline | "parts" >> beam.Create(finished) | finishing(line, done)
    return read_finished(store)


def finishing(line: Line, done: Done) -> Finish:
    """The end of the line: tagged parts -> files in the staging folder."""
    settings = line.settings
    return Finish(line.store, _deciding(settings, done), _writing(line), int(settings.shard_mb * 2**20))


def _deciding(settings: Curate, done: Done) -> DecideSettings:
    removing = (benchmark.name for benchmark in map(resolve, settings.benchmarks) if benchmark.variants == "remove")
    identified = Stage.IDENTIFY not in settings.skip
    return DecideSettings(
        done.tagged, identified, frozenset(removing), settings.policy, settings.heldout, settings.seed
    )


def _writing(line: Line) -> WriteSettings:
    verify = line.settings.verify
    regenerate, append = verify.outputs == "regenerate", verify.unstated == "append"
    return WriteSettings(
        line.settings.prompts,
        regenerate=regenerate,
        trim=verify.trim,
        append=append,
        quality=line.folder("quality", line.store.verified, regenerate, verify.trim, append),
    )
