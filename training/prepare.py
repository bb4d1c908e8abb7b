"""Everything that a run needs before step 1, built once: data, model, optimizer, plan. Refusals happen here."""

from contextlib import ExitStack
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import torch

from schemas.config import FreshModel, Train, TrainData
from schemas.exits import RunFailedError, UserError
from schemas.split import Split
from training import checkpoint, shards, trackers
from training.adapters import ADAPTER_WEIGHTS, add_adapters, load_adapters
from training.best import best_of
from training.cache_room import cache_of, notes_on_data, require_room
from training.chat import ChatLayout
from training.checkpoint import Checkpoint, State
from training.comparison import Comparison
from training.encode import Encoded
from training.encoder import Rows, Workers
from training.estimate import estimate
from training.flops import Shape, peak_flops, shape_of
from training.forward import Forward
from training.fresh import fit_tokenizer, fresh_model
from training.gradients import Gradients
from training.handover import handed_over
from training.intake import Intake, take_in
from training.memory import free_on
from training.model import load_model, load_tokenizer, parameter_count
from training.notes import notes_of, notes_on_template
from training.optimizer import build_optimizer
from training.parallel import ShardedGradients, shard
from training.plan import Position
from training.probe import balanced, boundaries_of, choose_forward
from training.push import require_hub
from training.results import RunPlan
from training.runfile import begin_run, provenance
from training.shards import Examples
from training.speed import set_precision, set_up_speed
from training.step import runs_in_half, train_mode, trained
from training.untyped import Model
from training.world import World


@dataclass(frozen=True, slots=True)
class Run:
    """All that the loop works with.

    Attributes:
        comparison: of the shards with what was judged.
        start: where the run stands: the beginning, or the checkpoint that it continues.
        told: what the user is told before step 1.
        root: what the model runs through: itself, or the root of its shards.
        forward: how it is run.
        half: the forward pass runs in bfloat16.
        shape: what its FLOPs depend on; None when they are not known.
        peak: operations per second of all devices together; None when not known.
    """

    config: Train
    output: Path
    world: World
    model: Model
    root: Model
    forward: Forward
    layout: ChatLayout
    optimizer: torch.optim.Optimizer
    gradients: Gradients | ShardedGradients
    intake: Intake
    workers: Workers
    comparison: Comparison
    start: State
    told: RunPlan
    half: bool
    shape: Shape | None
    peak: float | None


def prepare(
    config: Train, data: list[TrainData], output: Path, world: World, held: ExitStack, *, resume: bool, draft: bool
) -> Run:
    """Builds a run, or refuses to begin it. Rank 0 holds `output` until `held` ends.

    Raises:
        UserError: it could not start.
        RunFailedError: it may not resume, or bytes do not match their verdict.
    """
    trackers.chosen(config.trackers)
    require_hub(config)
    cache = cache_of(config)
    examples, judged = shards.open_for_run(data, draft=draft, cache=cache)
    require_room(config, examples, cache)
    comparison = Comparison(judged)
    held.callback(comparison.close)
    if world.is_main:
        facts = provenance(config, data, examples[Split.TRAIN].fingerprints, draft=draft)
        held.enter_context(begin_run(output, facts, resume=resume))
        checkpoint.set_damaged_aside(output)
        _begin(config, output, examples[Split.TRAIN])
    run = handed_over(output, checkpoint.beginnings(output) if world.is_main else (), world, held)
    begun = checkpoint.latest(run)
    source: Path | str = begun.model if begun else str(config.model)
    layout = ChatLayout(load_tokenizer(source, template=config.chat_template))
    workers = Workers(config.workers, world)
    held.callback(workers.close)
    intake = take_in(config, examples, layout, workers, world)
    for encoder in intake.encoders.values():
        held.callback(encoder.close)
    if config.keep_best and not len(intake.heldout):
        raise UserError(f"train.keep_best {config.keep_best}: the data has no heldout examples, so nothing is measured")
    shards_weights = config.parallel == "shard" and world.size > 1
    model = load_to_train(config, run, begun, hollow=shards_weights and not world.is_main)
    sharded = shard(model, world) if shards_weights else None
    model = model if sharded else model.to(world.device)
    half = runs_in_half(config, world.device)
    set_precision(half=half)
    require_rows(model, intake.sample.encoded, layout, name=_name(config))
    forward = choose_forward(
        model,
        name=_name(config),
        longest=intake.longest(config.context, boundaries_of(model)),
        capacity=config.capacity,
        half=half,
        root=sharded,
    )
    if config.router_loss:
        forward = balanced(model, sharded or model, forward, config.router_loss, name=_name(config))
    lengths = intake.sample.encoded.lengths
    memory = estimate(model, sharded or model, forward, config, lengths, half=half)
    notes = (
        *notes_on_data(config, examples[Split.TRAIN], cache),
        *notes_of(config, model, forward, lengths),
        *notes_on_template(layout.tokenizer),
        memory.note(config, free_on(world.device)),
    )
    train_mode(model, config)
    set_up_speed(config, model, forward)
    optimizer = build_optimizer(config, model, world.device)
    if begun:
        checkpoint.restore_optimizer(begun, model, optimizer)
    start = begun.state if begun else State(0, Position())
    peak = peak_flops(world.device, half=half)
    return Run(
        config=config,
        output=output,
        world=world,
        model=model,
        layout=layout,
        optimizer=optimizer,
        root=sharded or model,
        forward=forward,
        gradients=(ShardedGradients if sharded else Gradients)(trained(model)),
        intake=intake,
        workers=workers,
        comparison=comparison,
        start=start,
        told=_told(config, intake, model, world, half=half, resumed_at=start.step, notes=notes),
        half=half,
        shape=shape_of(model),
        peak=peak * world.size if peak else None,
    )


def _told(
    config: Train,
    intake: Intake,
    model: Model,
    world: World,
    *,
    half: bool,
    resumed_at: int,
    notes: tuple[str, ...],
) -> RunPlan:
    """What the user is told before step 1."""
    return RunPlan(
        model=_name(config),
        objective=config.phases[-1].objective,
        parameters=parameter_count(model),
        vocabulary=len(intake.layout.tokenizer),
        device=str(world.device),
        dtype="bfloat16, weights float32" if half else "float32",
        world=world.size,
        examples=intake.entering,
        tokens=round(float(intake.sample.encoded.lengths.mean()) * intake.entering),
        heldout=len(intake.heldout),
        steps=intake.plan.total_steps(),
        resumed_at=resumed_at,
        mixture=intake.mixture,
        workers=config.workers,
        notes=notes,
    )


def require_rows(model: Model, encoded: Encoded, layout: ChatLayout, *, name: str) -> None:
    """Every token has a row in the embedding.

    Raises:
        UserError: some token has none.
    """
    rows = len(model.get_input_embeddings().weight)
    highest = int(encoded.tokens.max(initial=0))
    if highest >= rows:
        token = layout.tokenizer.convert_ids_to_tokens(highest)
        raise UserError(
            f"{name}: its tokenizer has {len(layout.tokenizer):,} tokens, its embedding {rows:,} rows, and the data "
            f"needs {token!r} ({highest}); resize the embeddings (model.resize_token_embeddings) and save the model"
        )


def require_fitting(rows: Rows, context: int) -> None:
    """Every example fits the context, as its bytes had promised where its tokens were not counted before.

    Raises:
        RunFailedError: one does not: a template or a tokenizer makes more of a text than `bound_of` knows.
    """
    long = np.flatnonzero(rows.encoded.lengths > context)
    if len(long):
        raise RunFailedError(
            f"example {rows.labels.ids[long[0]]}: it has {rows.encoded.lengths[long[0]]:,} tokens, more than "
            f"train.context {context:,} and more than its bytes allow; raise train.context"
        )


def load_to_train(config: Train, run: Path, begun: Checkpoint | None, *, hollow: bool = False) -> Model:
    """The model as training takes it up: what is frozen is frozen, adapters stand where they stood.

    Args:
        config: the table `train`.
        run: RUN, or this machine's copy of it.
        begun: the checkpoint to go on from.
        hollow: rank 0 will give the weights.

    Raises:
        UserError: a pattern that names no parameter.
    """
    if config.lora is None:
        model = load_model(begun.model if begun else str(config.model), hollow=hollow)
    else:
        base = config.model if isinstance(config.model, str) else checkpoint.first(run).model
        model = load_model(base, hollow=hollow)
        add_adapters(model, config.lora, seed=config.seed)
        if begun and (begun.model / ADAPTER_WEIGHTS).is_file() and not hollow:
            load_adapters(model, begun.model)
    for pattern in config.freeze:
        names = [name for name, _ in model.named_parameters() if fnmatch(name, pattern)]
        if not names:
            raise UserError(f"train.freeze: {pattern} matches no parameter of {_name(config)}")
        for name in names:
            model.get_parameter(name).requires_grad_(False)
    if not trained(model):
        raise UserError("train.freeze: every parameter is frozen, so there is nothing to train")
    return model


def _name(config: Train) -> str:
    return config.model if isinstance(config.model, str) else "fresh Llama"


def _begin(config: Train, output: Path, examples: Examples) -> None:
    """Clears leftovers; a model from scratch is written as step 0, so that every run begins by loading one."""
    checkpoint.prune(output, keep=config.keep_checkpoints, spare=best_of(output) if config.keep_best else None)
    if isinstance(config.model, FreshModel) and checkpoint.latest(output) is None:
        if not len(examples):
            raise UserError("the data has no train examples; look at the splits in its manifest.json")
        tokenizer = fit_tokenizer(examples, config.model, context=config.context)
        model = fresh_model(config.model, tokenizer, context=config.context, seed=config.seed)
        stop_id = ChatLayout(tokenizer).stop_id
        contents = checkpoint.contents_of(model, None)
        checkpoint.save(output, State(0, Position()), model, tokenizer, contents, stop_id=stop_id)
