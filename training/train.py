"""Training: one readable loop that maximises J_SFT on judged shards, on one device or many.

    plan -> examples of the step -> packs -> summed gradients -> clip -> AdamW -> checkpoint

What the loop does not do: choose the best checkpoint by heldout J (long reasoning improves while J worsens), average
anything, or cut an example.
"""

import errno
import math
import shutil
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import partial
from hashlib import blake2b
from itertools import count
from pathlib import Path

import numpy as np
import torch

from schemas.config import Config, Train, TrainData
from schemas.exits import RunFailedError, StoppedError, UserError
from schemas.place import on_this_machine
from schemas.split import Split
from training import checkpoint
from training.adapters import has_adapters, merge_adapters
from training.best import BEST, best_of, note_best
from training.card import write_card
from training.checkpoint import State
from training.encoder import Rows, encoded_steps
from training.evaluate import evaluate_suites, suites_of
from training.exposure import require_clean
from training.feed import Feed, Laid
from training.flops import model_flops
from training.mistakes import mixed_data, train_table
from training.model import export
from training.optimizer import set_rate
from training.pack import length_step
from training.plan import Position
from training.prepare import Run, load_to_train, prepare, require_fitting, require_rows
from training.push import cast_folder, push, source_dtype
from training.record import Record
from training.results import EvalResult, RunPlan, RunResult, StepMetrics
from training.schedule import learning_rate, objective_at
from training.sealed import seal
from training.step import Batch, Likelihood, accumulate, micro_batches, plan_batch, train_mode
from training.stop import StopRequest, stop_requests
from training.telemetry import first_objective, measure, measured_at
from training.untyped import Model
from training.world import World, join_world


def train(
    config: Config,
    data: str | Path | Sequence[str | Path] | None,
    output: str | Path,
    *,
    resume: bool = False,
    draft: bool = False,
    on_start: Callable[[RunPlan], None] | None = None,
    on_step: Callable[[StepMetrics], None] | None = None,
) -> RunResult:
    """Trains a model and writes RUN.

    Args:
        config: the whole config; `train` must be there.
        data: one or more judged data sets; None takes those of `train.data`, as they are weighed there.
        output: the RUN folder.
        resume: continue the run in `output` (or begin it, when the folder is empty).
        draft: accept data without a passed verdict; the run says so.
        on_start: called once, on rank 0, before step 1.
        on_step: called on rank 0 after every step and every heldout measurement.

    Raises:
        UserError: it could not start.
        RunFailedError: it failed: refused resume, NaN, full disk, or it was told to stop.
    """
    table, output = train_table(config), on_this_machine(output, "--output")
    mixed = mixed_data(table, data)
    world = join_world(table.device)
    try:
        with stop_requests() as stop, ExitStack() as held:
            run = prepare(table, mixed, output, world, held, resume=resume, draft=draft)
            with closing(_Loop(run, stop, on_step, _evaluation(config, mixed, output, draft=draft))) as loop:
                result = loop.complete(on_start)
    except BaseException as error:
        world.close(error)
        _explain(error, output, world)
        raise
    world.close()
    return result


Evaluation = Callable[[Path, Path], EvalResult]

MODEL, ADAPTER, EVALUATIONS = "model", "adapter", "evaluations"


def _evaluation(config: Config, data: Sequence[TrainData], output: Path, *, draft: bool) -> Evaluation | None:
    """What evaluates a model into a folder, where the config asks for it; refuses at once what has no problems."""
    assert config.train is not None
    if config.train.evaluate_every is None:
        return None
    folder = Path(config.evaluate.data or data[0].path)
    suites = suites_of(config.evaluate, folder, output / EVALUATIONS, draft=draft)
    require_clean(output, suites, allow=False)
    return partial(evaluate_suites, suites, config.evaluate)


def _explain(error: BaseException, output: Path, world: World) -> None:
    """Raises what the user can do about an error that is not ours."""
    if world.is_lost(error):
        raise RunFailedError(
            f"{output}: rank {world.rank} stops: another rank is gone; continue from the last checkpoint with --resume"
        ) from error
    if isinstance(error, torch.OutOfMemoryError):
        raise RunFailedError(
            f"{output}: the device's memory is full ({str(error).split('. ')[0]}); set train.activation_checkpointing, "
            "lower train.pack_tokens, or spread the weights (train.parallel: shard); continue with --resume"
        ) from error
    if isinstance(error, shutil.Error) or (isinstance(error, OSError) and error.errno in _NO_ROOM):
        raise RunFailedError(
            f"{output}: could not be written ({error}); make room and continue with --resume"
        ) from error


_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class _Loop:
    """The loop itself: `complete` is all there is to it, the rest are its verbs."""

    def __init__(
        self,
        run: Run,
        stop: StopRequest,
        on_step: Callable[[StepMetrics], None] | None,
        evaluation: Evaluation | None,
    ) -> None:
        self._run = run
        self._evaluation = evaluation
        self._stop = stop
        self._on_step = on_step
        self._record = Record(run) if run.world.is_main else None
        steps = encoded_steps(run.intake.plan, run.intake.encoders[Split.TRAIN], run.workers, run.start.next)
        objectives = (objective_at(run.config, step, run.told.steps) for step in count(run.start.step))
        self._feed = Feed(steps, lambda rows: self._lay_out(rows, objective=next(objectives)), run.world.device)
        self._heldout_rows: Rows | None = None

    def close(self) -> None:
        """Ends what the run writes to, and what lays out its steps."""
        self._feed.close()
        if self._record:
            self._record.close()

    def complete(self, on_start: Callable[[RunPlan], None] | None) -> RunResult:
        """Runs to the end and exports the model."""
        run, config, began = self._run, self._run.config, time.monotonic()
        if run.world.is_main and on_start:
            on_start(run.told)
        self._stop.waits = True
        first: StepMetrics | None = None
        last: StepMetrics | None = None
        state = run.start
        end = state.step + run.intake.plan.steps_from(state.next)
        if state.step < end:
            self._measure_again(state)
        self._feed.draw()
        while self._feed.more:
            last, position = self._step(state)
            first = first or last
            state = State(state.step + 1, run.intake.plan.after(position))
            final = state.step == end
            self._tell(last)
            run.comparison.look()
            stopping = self._asked_to_stop() and not final
            if final or stopping or _saved_at(config, state.step):
                self._checkpoint(state)
            if _measured_at(config, state.step) and not final:
                self._tell(self._heldout(state))
            if stopping:
                raise StoppedError(
                    f"{run.output}: stopped by a signal after step {state.step} of {run.told.steps}; its checkpoint is "
                    "written; continue with --resume",
                    self._stop.asked or signal.SIGTERM,  # of a rank that got none: another one did
                )
        held = self._heldout(state, epoch=last.epoch if last else state.next.epoch)
        if last:
            self._tell(held)
        model = self._export(last, held)
        objective = None
        if self._record:
            self._record.end()
            objective = first_objective(run.output)
        seconds = time.monotonic() - began
        return RunResult(run.output, model, _initial(run.output), state.step, seconds, objective, first, last, held)

    def _measure_again(self, state: State) -> None:
        """Makes up for a measurement that a kill came before: it follows the checkpoint of its step."""
        run = self._run
        owed = bool(state.step) and _measured_at(run.config, state.step)
        if owed and run.world.tell(not run.world.is_main or not measured_at(run.output, state.step)):
            self._tell(self._heldout(state))

    def _step(self, state: State) -> tuple[StepMetrics, Position]:
        """One optimizer step."""
        run, config, world = self._run, self._run.config, self._run.world
        began, waited = time.perf_counter(), self._feed.waited
        position, laid = self._take(state)
        batch = laid.batch
        torch.manual_seed(_step_seed(config.seed, state.step, world.rank))  # dropout, where it is on
        likelihood = Likelihood(len(batch.indices), world.device)
        run.gradients.clear()
        accumulate(
            run.root,
            iter(laid.micros),
            likelihood,
            forward=run.forward,
            half=run.half,
            dft=objective_at(config, state.step, run.told.steps) == "dft",
            before_last=partial(run.gradients.sum_early, world),
        )
        run.gradients.sum(world)
        self._feed.draw()
        world.sum(likelihood.totals)
        totals = likelihood.totals.cpu().numpy()
        norm = run.gradients.norm(world)
        self._require_finite(float(totals[:, 0].sum()), norm, state.step)
        if config.clip_norm is not None and norm > config.clip_norm:
            run.gradients.scale(config.clip_norm / norm)
        rate = learning_rate(config, state.step, run.told.steps)
        set_rate(run.optimizer, rate)
        run.optimizer.step()
        seconds = time.perf_counter() - began
        metrics = measure(
            batch, totals, laid.rows.labels, step=state.step + 1, steps=run.told.steps, epoch=position.epoch
        )
        if self._record:
            self._record.losses(laid, totals, metrics)
        timed = replace(
            metrics,
            learning_rate=rate,
            gradient_norm=norm,
            seconds=seconds,
            data_seconds=self._feed.waited - waited,
            mfu=self._mfu(batch, seconds),
        )
        return timed, position

    def _take(self, state: State) -> tuple[Position, Laid]:
        """The next step, laid out; where that fails, the steps before it are kept."""
        try:
            return self._feed.take()
        except (UserError, RunFailedError) as error:
            kept = "nothing was trained"
            if state.step > self._run.start.step:
                self._checkpoint(state)
                kept = f"the {state.step:,} steps before it are in a checkpoint"
            raise RunFailedError(
                f"{self._run.output}: step {state.step + 1:,} cannot be taken, {kept}: {error}"
            ) from error

    def _lay_out(self, rows: Rows, *, objective: str = "sequence_mean") -> Laid:
        """Weighs and packs some examples, and sends this rank's packs to its device."""
        run, config = self._run, self._run.config
        require_rows(run.model, rows.encoded, run.layout, name=str(config.model))
        require_fitting(rows, config.context)
        batch = plan_batch(
            rows.encoded,
            rows.encoded.supervised_lengths,
            np.arange(len(rows.indices)),
            capacity=config.capacity,
            objective=objective,
            rank=run.world.rank,
            world=run.world.size,
            even=run.root is not run.model,
            packed=run.forward.packed,
        )
        multiple = length_step(config.capacity) if config.compile else 1
        micros = micro_batches(rows.encoded, batch, run.world.device, torch.float32, multiple=multiple)
        return Laid(rows, batch, list(micros))

    def _mfu(self, batch: Batch, seconds: float) -> float | None:
        if self._run.shape is None or self._run.peak is None:
            return None
        return model_flops(self._run.shape, batch.lengths, batch.supervised) / seconds / self._run.peak

    def _require_finite(self, nll: float, norm: float, step: int) -> None:
        if math.isfinite(nll) and math.isfinite(norm):
            return
        last = checkpoint.latest(self._run.output)
        where = f"the last checkpoint is {last.folder}" if last else "no checkpoint was written before"
        what = "the loss" if not math.isfinite(nll) else "the gradient"
        raise RunFailedError(
            f"{self._run.output}: {what} is not finite at step {step + 1}; no update was made, {where}; lower "
            f"train.learning_rate ({self._run.config.learning_rate:g}) or lengthen train.warmup_steps"
        )

    def _heldout(self, state: State, *, epoch: int | None = None) -> StepMetrics | None:
        """J on the heldout examples that were chosen, each once."""
        run, world = self._run, self._run.world
        if not len(run.intake.heldout):
            return None
        began = time.perf_counter()
        if self._heldout_rows is None:
            self._heldout_rows = run.workers.encode(run.intake.encoders[Split.HELDOUT], run.intake.heldout)
        laid = self._lay_out(self._heldout_rows)
        likelihood = Likelihood(len(laid.rows.indices), world.device)
        run.model.eval()
        accumulate(run.root, iter(laid.micros), likelihood, forward=run.forward, half=run.half, backward=False)
        train_mode(run.model, run.config)
        world.sum(likelihood.totals)
        totals = likelihood.totals.cpu().numpy()
        epoch = state.next.epoch if epoch is None else epoch
        metrics = measure(laid.batch, totals, laid.rows.labels, step=state.step, steps=run.told.steps, epoch=epoch)
        seconds = time.perf_counter() - began
        measured = replace(metrics, heldout=True, seconds=seconds, pass_at_1=self._pass_at_1(state.step))
        if world.is_main:
            note_best(run.output, run.config.keep_best, measured)
        return measured

    def _pass_at_1(self, step: int) -> dict[str, float]:
        """Evaluates the checkpoint of a step on rank 0, where an evaluation is due; the others wait."""
        run = self._run
        if self._evaluation is None or not _due(run.config.evaluate_every, step):
            return {}
        shares = {}
        if run.world.is_main:
            found = checkpoint.latest(run.output)
            assert found is not None, run.output
            assert found.state.step == step, (found, step)
            folder = run.output / EVALUATIONS / found.folder.name
            shutil.rmtree(folder, ignore_errors=True)
            result = self._evaluation(found.model, folder)
            shares = {f"{name} {form}" if name else form: line.pass_at_1 for name, form, line in result.lines()}
        run.world.wait()
        return shares

    def _tell(self, metrics: StepMetrics | None) -> None:
        if self._record is None or metrics is None:
            return
        self._record.figures(metrics)
        if self._on_step:
            self._on_step(metrics)

    def _asked_to_stop(self) -> bool:
        """Whether any rank got a signal: all ranks must agree on the step after which they stop."""
        flag = torch.tensor([float(self._stop.asked is not None)], device=self._run.world.device)
        self._run.world.sum(flag)
        return bool(flag.item() > 0)

    def _checkpoint(self, state: State) -> None:
        run = self._run
        run.comparison.finish()
        if self._record:
            self._record.before_checkpoint()
        contents = checkpoint.contents_of(run.model, run.optimizer, keep=run.world.is_main)
        if run.world.is_main:
            checkpoint.save(run.output, state, run.model, run.layout.tokenizer, contents, stop_id=run.layout.stop_id)
            self._prune()
        run.world.wait()

    def _prune(self) -> None:
        run = self._run
        spare = best_of(run.output) if run.config.keep_best else None
        checkpoint.prune(run.output, keep=run.config.keep_checkpoints, spare=spare)

    def _export(self, last: StepMetrics | None, held: StepMetrics | None) -> Path:
        """Copies the last checkpoint's model to RUN/model; adapters to RUN/adapter, and merged to RUN/model."""
        run = self._run
        target = run.output / MODEL
        if run.world.is_main:
            found = checkpoint.latest(run.output)
            assert found is not None, run.output
            copy, adapted = partial(shutil.copytree, found.model), has_adapters(run.model)
            if adapted:
                self._publish(copy, run.output / ADAPTER, last, held)
                merged = run.model if run.root is run.model else load_to_train(run.config, run.output, found)
                copy = partial(self._export_merged, merged)
            self._publish(partial(self._export_cast, copy), target, last, held)
            if run.config.keep_best and (best := best_of(run.output, whole=True)):
                copy = partial(shutil.copytree, best.model)
                copy = copy if adapted else partial(self._export_cast, copy)
                self._publish(copy, run.output / BEST, last, held)
                self._prune()
            push(run.config, target)
        run.world.wait()
        return target

    def _export_cast(self, write: Callable[[Path], object], folder: Path) -> None:
        write(folder)
        cast_folder(folder, self._run.model, source_dtype(self._run.config))

    def _export_merged(self, model: Model, folder: Path) -> None:
        merge_adapters(model)
        export(model, self._run.layout.tokenizer, folder, stop_id=self._run.layout.stop_id)

    def _publish(
        self, write: Callable[[Path], object], target: Path, last: StepMetrics | None, held: StepMetrics | None
    ) -> None:
        """Writes a folder with a model and a card, at once or not at all."""
        run = self._run
        temporary = target.with_name(f".{target.name}")
        shutil.rmtree(temporary, ignore_errors=True)
        write(temporary)
        write_card(temporary, run.output, run.layout, run.intake.encoders[Split.TRAIN].examples, last, held)
        seal(temporary)
        if target.exists():
            shutil.rmtree(target)
        temporary.rename(target)


def _saved_at(config: Train, step: int) -> bool:
    """Whether a step ends with a checkpoint: as often as asked, and where what is measured may be the best."""
    best = config.keep_best == "heldout" and _due(config.heldout_every, step)
    return best or _due(config.evaluate_every, step) or _due(config.checkpoint_every, step)


def _measured_at(config: Train, step: int) -> bool:
    """Whether a measurement follows a step."""
    return _due(config.evaluate_every, step) or _due(config.heldout_every, step)


def _due(every: int | None, step: int) -> bool:
    return every is not None and step % every == 0


def _initial(run: Path) -> Path | None:
    folder = checkpoint.folder_of(run, 0)
    return folder / "model" if folder.is_dir() else None


def _step_seed(seed: int, step: int, rank: int) -> int:
    return int.from_bytes(blake2b(f"step:{seed}:{step}:{rank}".encode(), digest_size=7).digest())
