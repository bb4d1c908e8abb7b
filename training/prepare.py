"""Everything that a run needs before step 1, built once: data, model, optimizer, plan. Refusals happen here."""

from contextlib import ExitStack
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from schemas.config import FreshModel, Train
from schemas.exits import UserError
from schemas.place import located
from schemas.split import Split
from training import checkpoint, shards, trackers
from training.adapters import ADAPTER_WEIGHTS, add_adapters, load_adapters
from training.admit import admit
from training.chat import ChatLayout
from training.checkpoint import Checkpoint, State
from training.encode import Encoded, encode_all, encoding_key
from training.estimate import estimate
from training.flops import Shape, peak_flops, shape_of
from training.forward import Forward
from training.fresh import fit_tokenizer, fresh_model
from training.memory import free_on
from training.model import load_model, load_tokenizer, parameter_count
from training.notes import notes_of
from training.optimizer import build_optimizer
from training.parallel import ShardedGradients, shard
from training.plan import Plan, Position
from training.probe import choose_forward
from training.results import RunPlan
from training.runfile import begin_run, provenance
from training.shards import Examples
from training.speed import set_up_speed
from training.step import Gradients, runs_in_half, train_mode, trained
from training.telemetry import Slices, mixture, slices_of
from training.untyped import Model
from training.world import World


@dataclass(frozen=True, slots=True)
class SplitData:
    """One split, ready to draw steps from.

    Attributes:
        supervised: |o| of each example.
    """

    examples: Examples
    encoded: Encoded
    supervised: NDArray[np.int64]
    slices: Slices


@dataclass(frozen=True, slots=True)
class Run:
    """All that the loop works with.

    Attributes:
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
    plan: Plan
    start: State
    splits: dict[Split, SplitData]
    told: RunPlan
    half: bool
    shape: Shape | None
    peak: float | None


def prepare(
    config: Train, data: list[Path], output: Path, world: World, held: ExitStack, *, resume: bool, draft: bool
) -> Run:
    """Builds a run, or refuses to begin it. Rank 0 holds `output` until `held` ends.

    Raises:
        UserError: it could not start.
        RunFailedError: it may not resume, or bytes do not match their verdict.
    """
    trackers.chosen(config.trackers)
    examples = shards.open_splits(*data, draft=draft)
    if world.is_main:
        facts = provenance(
            config, [str(located(path)) for path in data], examples[Split.TRAIN].fingerprints, draft=draft
        )
        held.enter_context(begin_run(output, facts, resume=resume))
        checkpoint.set_damaged_aside(output)
        _begin(config, output, examples[Split.TRAIN])
    world.wait()
    begun = checkpoint.latest(output)
    source: Path | str = begun.model if begun else str(config.model)
    layout = ChatLayout(load_tokenizer(source, template=config.chat_template))
    splits = {split: _encode(config, rows, layout, output, split, world) for split, rows in examples.items()}
    plan, told = _plan(config, examples[Split.TRAIN], splits[Split.TRAIN])
    model = _load(config, output, begun)
    sharded = shard(model, world) if config.parallel == "shard" and world.size > 1 else None
    model = model if sharded else model.to(world.device)
    half = runs_in_half(config, world.device)
    lengths = _trained_lengths(config, splits)
    _require_rows(model, splits, layout, name=_name(config))
    forward = choose_forward(
        model,
        name=_name(config),
        longest=int(lengths.max()),
        capacity=config.capacity,
        half=half,
        root=sharded,
    )
    memory = estimate(model, sharded or model, forward, config, lengths, half=half)
    notes = (*notes_of(config, model.config, forward, lengths), memory.note(config, free_on(world.device)))
    train_mode(model, config)
    set_up_speed(config, model, forward, half=half)
    optimizer = build_optimizer(config, model, world.device)
    if begun:
        checkpoint.restore_optimizer(begun, model, optimizer)
    start = begun.state if begun else State(0, Position())
    told = replace(
        told,
        parameters=parameter_count(model),
        vocabulary=len(layout.tokenizer),
        device=str(world.device),
        dtype="bfloat16, weights float32" if half else "float32",
        world=world.size,
        heldout=len(splits[Split.HELDOUT].encoded),
        resumed_at=start.step,
        notes=notes,
    )
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
        plan=plan,
        start=start,
        splits=splits,
        told=told,
        half=half,
        shape=shape_of(model),
        peak=peak * world.size if peak else None,
    )


def _trained_lengths(config: Train, splits: dict[Split, SplitData]) -> NDArray[np.int64]:
    """Tokens of every example that is trained or measured on."""
    lengths = np.concatenate([split.encoded.lengths for split in splits.values()])
    return lengths[lengths <= config.context]


def _require_rows(model: Model, splits: dict[Split, SplitData], layout: ChatLayout, *, name: str) -> None:
    """Every token has a row in the embedding."""
    rows = len(model.get_input_embeddings().weight)
    highest = max(int(split.encoded.tokens.max(initial=0)) for split in splits.values())
    if highest >= rows:
        token = layout.tokenizer.convert_ids_to_tokens(highest)
        raise UserError(
            f"{name}: its tokenizer has {len(layout.tokenizer):,} tokens, its embedding {rows:,} rows, and the data "
            f"needs {token!r} ({highest}); resize the embeddings (model.resize_token_embeddings) and save the model"
        )


def _load(config: Train, output: Path, begun: Checkpoint | None) -> Model:
    """The model as training takes it up: what is frozen is frozen, adapters stand where they stood.

    Raises:
        UserError: a pattern that names no parameter, or adapters that would be sharded.
    """
    if config.lora is None:
        model = load_model(begun.model if begun else str(config.model))
    else:
        if config.parallel == "shard":
            raise UserError("train.lora: adapters are not sharded; set train.parallel to replicate")
        base = config.model if isinstance(config.model, str) else checkpoint.first(output).model
        model = load_model(base)
        add_adapters(model, config.lora, seed=config.seed)
        if begun and (begun.model / ADAPTER_WEIGHTS).is_file():
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
    checkpoint.prune(output, keep=config.keep_checkpoints)
    if isinstance(config.model, FreshModel) and checkpoint.latest(output) is None:
        if not len(examples):
            raise UserError("the data has no train examples; look at the splits in its manifest.json")
        tokenizer = fit_tokenizer(examples, config.model, context=config.context)
        model = fresh_model(config.model, tokenizer, context=config.context, seed=config.seed)
        stop_id = ChatLayout(tokenizer).stop_id
        contents = checkpoint.contents_of(model, None)
        checkpoint.save(output, State(0, Position()), model, tokenizer, contents, stop_id=stop_id)


def _encode(
    config: Train, examples: Examples, layout: ChatLayout, output: Path, split: Split, world: World
) -> SplitData:
    """Rank 0 encodes, every rank maps."""
    key = encoding_key(examples, layout, split=split, supervise_think=config.supervise_think)
    folder = output / "tokens" / split
    if world.is_main:
        encode_all(examples, layout, folder, key=key, supervise_think=config.supervise_think)
    world.wait()
    encoded = encode_all(examples, layout, folder, key=key, supervise_think=config.supervise_think)
    return SplitData(examples, encoded, encoded.supervised_lengths, slices_of(examples))


def _plan(config: Train, examples: Examples, split: SplitData) -> tuple[Plan, RunPlan]:
    """The order of the run, and what it means; figures of the model are filled in later."""
    enters, dropped = admit(split.encoded, split.supervised, context=config.context, long_rows=config.long_rows)
    weights = examples.weights * enters
    if weights.sum() < 1:
        raise UserError(f"the weights of {len(weights)} examples sum to {weights.sum():g}: an epoch would be empty")
    plan = Plan(
        weights,
        examples_per_step=config.examples_per_step,
        seed=config.seed,
        steps=config.steps,
        epochs=config.epochs,
    )
    told = RunPlan(
        model=_name(config),
        objective=config.objective,
        parameters=0,
        vocabulary=0,
        device="",
        dtype="",
        world=0,
        examples=int(enters.sum()),
        tokens=int(split.encoded.lengths[enters].sum()),
        heldout=0,
        steps=plan.total_steps(),
        resumed_at=0,
        mixture=mixture(
            split.encoded, split.slices, weights, split.supervised, objective=config.objective, dropped=dropped
        ),
    )
    return plan, told
