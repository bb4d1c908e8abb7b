"""Training: one readable loop that maximises J_SFT on judged shards, on one device or many.

    plan -> examples of the step -> packs -> summed gradients -> clip -> AdamW -> checkpoint

What the loop does not do: choose the best checkpoint by heldout J (long reasoning improves while J worsens), average
anything, or cut an example.
"""

import math
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import torch

from schemas.config import Config, FreshModel, Train
from schemas.exits import RunFailedError, UserError
from schemas.split import Split
from training import checkpoint, shards
from training.admit import admit
from training.card import write_card
from training.checkpoint import Checkpoint, State
from training.encode import Encoded, encode_all, encoding_key
from training.fresh import fit_tokenizer, fresh_model
from training.model import load_model, load_tokenizer, parameter_count
from training.plan import Plan, Position
from training.probe import probe_model
from training.prompts import ChatLayout
from training.results import RunPlan, RunResult, StepMetrics
from training.runfile import begin_run, provenance
from training.schedule import learning_rate
from training.shards import Examples
from training.step import Gradients, Likelihood, accumulate, micro_batches, plan_batch
from training.telemetry import MetricsFile, Slices, Timing, measure, mixture, slices_of
from training.world import World, join_world

_HELDOUT_BATCH = 256


def train(
    config: Config,
    data: Sequence[Path],
    output: Path,
    *,
    resume: bool = False,
    draft: bool = False,
    on_start: Callable[[RunPlan], None] | None = None,
    on_step: Callable[[StepMetrics], None] | None = None,
) -> RunResult:
    """Trains a model and writes RUN.

    Args:
        config: the whole config; `train` must be there.
        data: one or more judged data sets.
        output: the RUN folder.
        resume: continue the run in `output` (or begin it, when the folder is empty).
        draft: accept data without a passed verdict; the run says so.
        on_start: called once, on rank 0, before step 1.
        on_step: called on rank 0 after every step and every heldout measurement.

    Raises:
        UserError: it could not start.
        RunFailedError: it failed: refused resume, NaN, full disk, or it was told to stop.
    """
    if config.train is None:
        raise UserError("the config has no table `train:`")
    world = join_world(config.train.device)
    try:
        with _stop_requests() as stop:
            run = _prepare(config.train, list(data), output, world, resume=resume, draft=draft)
            return _Loop(run, stop, on_step).complete(on_start)
    finally:
        world.close()


@dataclass(frozen=True, slots=True)
class _Split:
    """One split, ready to draw steps from."""

    examples: Examples
    encoded: Encoded
    supervised: Any
    slices: Slices


@dataclass(frozen=True, slots=True)
class _Run:
    """All that a run needs, built once."""

    config: Train
    output: Path
    world: World
    model: Any
    layout: ChatLayout
    optimizer: torch.optim.Optimizer
    gradients: Gradients
    plan: Plan
    start: State
    splits: dict[Split, _Split]
    told: RunPlan
    half: bool


def _prepare(config: Train, data: list[Path], output: Path, world: World, *, resume: bool, draft: bool) -> _Run:
    splits = shards.open_splits(*data, draft=draft)
    facts = provenance(config, [str(path) for path in data], splits[Split.TRAIN].fingerprints, draft=draft)
    if world.is_main:
        _begin(config, output, splits[Split.TRAIN], facts, resume=resume)
    world.wait()
    begun = checkpoint.latest(output)
    source: Path | str = begun.model if begun else str(config.model)
    layout = ChatLayout(load_tokenizer(source))
    encoded = {split: _encode(config, examples, layout, output, split, world) for split, examples in splits.items()}
    model = load_model(source).to(world.device)
    half = config.dtype == "bfloat16" or (config.dtype == "auto" and world.device.type == "cuda")
    probe_model(model, name=str(config.model) if isinstance(config.model, str) else "the fresh model")
    model.train()
    _set_up_speed(config, model)
    optimizer = _optimizer(config, model)
    if begun:
        checkpoint.restore_optimizer(begun, model, optimizer)
    enters, dropped = admit(
        encoded[Split.TRAIN].encoded,
        encoded[Split.TRAIN].supervised,
        context=config.context,
        long_rows=config.long_rows,
    )
    weights = splits[Split.TRAIN].weights * enters
    plan = Plan(
        weights,
        examples_per_step=config.examples_per_step,
        seed=config.seed,
        steps=config.steps,
        epochs=config.epochs,
    )
    start = begun.state if begun else State(0, Position())
    main = encoded[Split.TRAIN]
    told = RunPlan(
        model=config.model if isinstance(config.model, str) else "fresh Llama",
        parameters=parameter_count(model),
        vocabulary=len(layout.tokenizer),
        device=str(world.device),
        dtype="bfloat16, weights float32" if half else "float32",
        world=world.size,
        examples=int(enters.sum()),
        tokens=int(main.encoded.lengths[enters].sum()),
        heldout=len(splits[Split.HELDOUT]),
        steps=plan.total_steps(),
        resumed_at=start.step,
        mixture=mixture(
            main.encoded, main.slices, weights, main.supervised, objective=config.objective, dropped=dropped
        ),
    )
    gradients = Gradients(list(model.parameters()))
    return _Run(config, output, world, model, layout, optimizer, gradients, plan, start, encoded, told, half)


def _begin(config: Train, output: Path, examples: Examples, facts: dict[str, Any], *, resume: bool) -> None:
    """Claims RUN; a model from scratch is written as step 0, so that every run begins by loading one."""
    begin_run(output, facts, resume=resume)
    checkpoint.prune(output, keep=config.keep_checkpoints)
    if isinstance(config.model, FreshModel) and checkpoint.latest(output) is None:
        if not len(examples):
            raise UserError("the data has no train examples; look at the splits in its manifest.json")
        tokenizer = fit_tokenizer(examples, config.model, context=config.context)
        model = fresh_model(config.model, tokenizer, context=config.context, seed=config.seed)
        stop_id = ChatLayout(tokenizer).stop_id
        checkpoint.save(output, State(0, Position()), model, tokenizer, None, stop_id=stop_id)


def _encode(
    config: Train, examples: Examples, layout: ChatLayout, output: Path, split: Split, world: World
) -> _Split:
    key = encoding_key(examples, layout, split=split, supervise_think=config.supervise_think)
    folder = output / "tokens" / split
    if world.is_main:
        encode_all(examples, layout, folder, key=key, supervise_think=config.supervise_think)
    world.wait()
    encoded = encode_all(examples, layout, folder, key=key, supervise_think=config.supervise_think)
    return _Split(examples, encoded, encoded.supervised_lengths, slices_of(examples))


def _set_up_speed(config: Train, model: Any) -> None:  # noqa: ANN401  transformers ships no types
    cores = len(os.sched_getaffinity(0))
    if torch.get_num_threads() > cores:
        torch.set_num_threads(cores)
    torch.set_float32_matmul_precision("high")
    if config.activation_checkpointing:
        model.gradient_checkpointing_enable({"use_reentrant": False})
    if config.compile:
        for layer in model.base_model.layers:
            layer.compile(dynamic=True)


def _optimizer(config: Train, model: Any) -> torch.optim.Optimizer:  # noqa: ANN401
    """Fused AdamW; only matrices decay."""
    parameters = list(model.parameters())
    groups = [
        {"params": [p for p in parameters if p.ndim >= 2], "weight_decay": config.weight_decay},
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(
        [group for group in groups if group["params"]], lr=config.learning_rate, betas=config.betas, fused=True
    )


class _Loop:
    """The loop itself."""

    def __init__(self, run: _Run, stop: "_Stop", on_step: Callable[[StepMetrics], None] | None) -> None:
        self._run = run
        self._stop = stop
        self._on_step = on_step
        self._weight_dtype = torch.float32

    def complete(self, on_start: Callable[[RunPlan], None] | None) -> RunResult:
        """Runs to the end and exports the model."""
        run, began = self._run, time.monotonic()
        metrics_file = MetricsFile(run.output, done=run.start.step) if run.world.is_main else None
        if run.world.is_main and on_start:
            on_start(run.told)
        first = last = held = None
        step = run.start.step
        written = step if checkpoint.latest(run.output) else None
        positions = list(run.plan.positions(run.start.next))
        for number, position in enumerate(positions):
            last = self._step(position, step)
            first = first or last
            step += 1
            after = positions[number + 1] if number + 1 < len(positions) else _following(run.plan, position)
            self._tell(metrics_file, last)
            final = number + 1 == len(positions)
            if not final and run.config.heldout_every and step % run.config.heldout_every == 0:
                held = self._heldout(step, position.epoch)
                self._tell(metrics_file, held)
            if final or step % run.config.checkpoint_every == 0 or self._asked_to_stop():
                self._checkpoint(State(step, after))
                written = step
            if not final and self._asked_to_stop():
                raise RunFailedError(
                    f"{run.output}: stopped by a signal after step {step} of {run.told.steps}; its checkpoint is "
                    "written; continue with --resume"
                )
        held = self._heldout(step, positions[-1].epoch if positions else 0) or held
        if positions:
            self._tell(metrics_file, held)
        if written is None:
            self._checkpoint(State(step, run.start.next))
        model = self._export(last, held)
        return RunResult(
            output=run.output,
            model=model,
            initial=_initial(run.output),
            steps=step,
            seconds=time.monotonic() - began,
            first=first,
            last=last,
            heldout=held,
        )

    def _step(self, position: Position, step: int) -> StepMetrics:
        """One optimizer step."""
        run, config = self._run, self._run.config
        began = time.perf_counter()
        split = run.splits[Split.TRAIN]
        batch = plan_batch(
            split.encoded,
            split.supervised,
            run.plan.examples_at(position),
            capacity=config.context,
            objective=config.objective,
            rank=run.world.rank,
            world=run.world.size,
        )
        micros = list(micro_batches(split.encoded, batch, run.world.device, self._weight_dtype))
        data_seconds = time.perf_counter() - began

        torch.manual_seed(_step_seed(config.seed, step, run.world.rank))  # dropout, for models that have it
        likelihood = Likelihood(len(batch.indices), run.world.device)
        run.gradients.clear()
        accumulate(run.model, iter(micros), likelihood, half=run.half)
        run.world.sum(run.gradients.flat)
        run.world.sum(likelihood.totals)
        totals = likelihood.totals.cpu().numpy()
        norm = run.gradients.norm()
        self._require_finite(float(totals[:, 0].sum()), norm, step)
        if config.clip_norm is not None and norm > config.clip_norm:
            run.gradients.scale(config.clip_norm / norm)
        rate = learning_rate(config, step, run.told.steps)
        for group in run.optimizer.param_groups:
            group["lr"] = rate
        run.optimizer.step()
        return measure(
            batch,
            totals,
            split.slices,
            step=step + 1,
            steps=run.told.steps,
            epoch=position.epoch,
            learning_rate=rate,
            gradient_norm=norm,
            timing=Timing(time.perf_counter() - began, data_seconds),
        )

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

    def _heldout(self, step: int, epoch: int) -> StepMetrics | None:
        """J on the heldout split: every example once, none dropped unless longer than the context."""
        run = self._run
        split = run.splits[Split.HELDOUT]
        indices = np.flatnonzero(split.encoded.lengths <= run.config.context)
        if not len(indices):
            return None
        began = time.perf_counter()
        batch = plan_batch(
            split.encoded,
            split.supervised,
            indices,
            capacity=run.config.context,
            rank=run.world.rank,
            world=run.world.size,
        )
        likelihood = Likelihood(len(indices), run.world.device)
        run.model.eval()
        micros = micro_batches(split.encoded, batch, run.world.device, self._weight_dtype)
        accumulate(run.model, micros, likelihood, half=run.half, backward=False)
        run.model.train()
        run.world.sum(likelihood.totals)
        metrics = measure(
            batch,
            likelihood.totals.cpu().numpy(),
            split.slices,
            step=step,
            steps=run.told.steps,
            epoch=epoch,
            heldout=True,
        )
        return replace(metrics, seconds=time.perf_counter() - began)

    def _tell(self, metrics_file: MetricsFile | None, metrics: StepMetrics | None) -> None:
        if metrics_file is None or metrics is None:
            return
        metrics_file.write(metrics)
        if self._on_step:
            self._on_step(metrics)

    def _asked_to_stop(self) -> bool:
        """Whether any rank got a signal: all ranks must agree on the step after which they stop."""
        flag = torch.tensor([float(self._stop.asked)], device=self._run.world.device)
        self._run.world.sum(flag)
        return bool(flag.item() > 0)

    def _checkpoint(self, state: State) -> Checkpoint | None:
        run = self._run
        written = None
        if run.world.is_main:
            written = checkpoint.save(
                run.output, state, run.model, run.layout.tokenizer, run.optimizer, stop_id=run.layout.stop_id
            )
            checkpoint.prune(run.output, keep=run.config.keep_checkpoints)
        run.world.wait()
        return written

    def _export(self, last: StepMetrics | None, held: StepMetrics | None) -> Path:
        """Copies the last checkpoint's model to RUN/model, with a card, at once or not at all."""
        run = self._run
        target = run.output / "model"
        if run.world.is_main:
            found = checkpoint.latest(run.output)
            assert found is not None, run.output
            temporary = run.output / ".model"
            shutil.rmtree(temporary, ignore_errors=True)
            shutil.copytree(found.model, temporary)
            write_card(temporary, run.output, last, held)
            if target.exists():
                shutil.rmtree(target)
            temporary.rename(target)
        run.world.wait()
        return target


def _following(plan: Plan, position: Position) -> Position:
    """The position after the last one of a run: where a longer run would go on."""
    if position.step + 1 < plan.steps_in(position.epoch):
        return Position(position.epoch, position.step + 1)
    return Position(position.epoch + 1, 0)


def _initial(run: Path) -> Path | None:
    folder = run / "checkpoints" / "step-00000000"
    return folder / "model" if folder.is_dir() else None


def _step_seed(seed: int, step: int, rank: int) -> int:
    return int.from_bytes(blake2b(f"step:{seed}:{step}:{rank}".encode(), digest_size=7).digest())


@dataclass(slots=True)
class _Stop:
    """Whether a signal asked the run to end."""

    asked: bool = False


@contextmanager
def _stop_requests() -> Iterator[_Stop]:
    """Turns SIGTERM into a request that the loop honours at the end of a step."""
    stop = _Stop()

    def ask(_signal: int, _frame: FrameType | None) -> None:
        stop.asked = True

    try:
        before = signal.signal(signal.SIGTERM, ask)
    except ValueError:  # not the main thread: signals belong to someone else
        yield stop
        return
    try:
        yield stop
    finally:
        signal.signal(signal.SIGTERM, before)
