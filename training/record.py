"""What a run writes about itself beside its checkpoints: figures, the ledger of losses, trackers. Rank 0 has one."""

import numpy as np
from numpy.typing import NDArray

from schemas.split import Split
from training.curves_page import write_curves
from training.feed import Laid
from training.losses import LossLedger
from training.prepare import Run
from training.results import StepMetrics
from training.telemetry import METRICS, MetricsFile
from training.trackers import figures_of, open_trackers


class Record:
    """The record of one run."""

    def __init__(self, run: Run) -> None:
        done = run.start.step
        self._run = run.output
        self._metrics = MetricsFile(run.output, done=done)
        self._losses = LossLedger(run.output, run.intake.encoders[Split.TRAIN].examples, done=done)
        self._trackers = open_trackers(run.config, run.output, done=done)

    def figures(self, metrics: StepMetrics) -> None:
        """Notes a step or a measurement."""
        self._metrics.write(metrics)
        for tracker in self._trackers:
            tracker.write(figures_of(metrics), metrics.step)

    def losses(self, laid: Laid, totals: NDArray[np.float64], metrics: StepMetrics) -> None:
        """Notes the examples of a step; `totals` as in `telemetry.measure`."""
        supervised = laid.batch.supervised
        objective = -totals[:, 0] / supervised
        self._losses.add(laid.rows.labels.ids, objective, supervised, step=metrics.step, epoch=metrics.epoch)

    def before_checkpoint(self) -> None:
        """Puts on disk what a run resumed from the coming checkpoint will not do again."""
        self._losses.write()
        write_curves(self._run, self._run / METRICS)

    def end(self) -> None:
        """Lists the examples to look at and draws the curves, after the last step."""
        self._losses.list_worst()
        write_curves(self._run, self._run / METRICS)

    def close(self) -> None:
        """Ends the trackers, however the run ended."""
        for tracker in self._trackers:
            tracker.close()
