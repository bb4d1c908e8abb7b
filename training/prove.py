"""`mathmill prove`: the objective, the masks and the isolation of documents, on the user's own model and rows.

The reference computes J_SFT by its formula, one example at a time, in float64, with transformers' own attention. Beside
it stand controls that compute what other trainers do: a proof that cannot tell them apart proves nothing.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from schemas.config import Config, FreshModel, Train
from schemas.exits import UserError
from schemas.files import as_paths
from schemas.split import Split
from training import shards
from training.adapters import add_adapters, has_adapters
from training.chat import ChatLayout
from training.encode import Encoded
from training.encoder import Encoder
from training.forward import Forward, arrange, in_float64
from training.fresh import fit_tokenizer, fresh_model
from training.intake import admit, keys_of
from training.masks import MOST_ROWS, prove_masks
from training.memory import free_bytes, require_memory
from training.mistakes import train_table
from training.model import export, load_model, load_tokenizer, parameter_count
from training.plan import Plan, Position
from training.probe import boundaries_of, choose_forward
from training.prove_adapters import prove_adapters, unsettle_adapters
from training.prove_forward import fault_in_float64, prove_dropout, prove_windows
from training.prove_gradient import GradientProof
from training.results import ProofLine
from training.shards import Examples
from training.speed import set_precision
from training.step import runs_in_half
from training.token_counts import Lengths, bound_of
from training.untyped import Model
from training.world import World, device_of


def prove(
    config: Config, data: str | Path | Sequence[str | Path], *, model: str | None = None, rows: int = 8
) -> Iterator[ProofLine]:
    """Proves the objective on a model and the first rows of its first step, and yields each line when it is known.

    Args:
        config: `train` must be there.
        data: judged data sets.
        model: Hugging Face name or folder; None takes `train.model`.
        rows: examples to compute in float64.

    Raises:
        UserError: it could not start, or the machine has not the memory that float64 needs.
    """
    train = train_table(config)
    if model is not None:
        train = train.model_copy(update={"model": model})
    examples = shards.open(*as_paths(data))
    with TemporaryDirectory(prefix="mathmill-prove-") as temporary:
        source = _source(train, examples, Path(temporary))
        option = "train.model" if model is None else "--model"
        layout = ChatLayout(load_tokenizer(source, template=train.chat_template, option=option))
        encoder = Encoder(examples, layout, supervise_think=train.supervise_think)
        yield from prove_masks(train, examples, encoder(np.arange(min(len(examples), MOST_ROWS))), layout)
        yield from _prove_model(train, encoder, source, rows, option=option)


def _source(train: Train, examples: Examples, temporary: Path) -> Path | str:
    if not isinstance(train.model, FreshModel):
        return train.model
    tokenizer = fit_tokenizer(examples, train.model, context=train.context)
    model = fresh_model(train.model, tokenizer, context=train.context, seed=train.seed)
    export(model, tokenizer, temporary / "model", stop_id=ChatLayout(tokenizer).stop_id)
    return temporary / "model"


def _prove_model(train: Train, encoder: Encoder, source: Path | str, rows: int, *, option: str) -> Iterator[ProofLine]:
    """Everything that needs the model."""
    device = device_of(train.device)
    keys = keys_of(train, encoder, Split.TRAIN)
    lengths = Lengths(encoder, bound_of(encoder.layout), keys=keys, world=World(0, 1, device))
    long, _ = admit(train, encoder, lengths)
    enters = np.ones(len(encoder.examples))
    enters[long] = 0
    plan = Plan(enters, examples_per_step=rows, seed=train.seed, steps=1)
    encoded = encoder(plan.examples_at(Position()))
    indices = np.arange(len(encoded))
    half = runs_in_half(train, device)
    set_precision(half=half)
    model = _load(train, source, option)
    require_memory(source, _bytes_needed(model, encoded, indices), free_bytes())
    model.eval()
    longest = lengths.longest_within(train.context, seen=int(encoded.lengths.max()), boundaries=boundaries_of(model))
    try:
        forward = choose_forward(
            model.to(device), name=str(source), longest=longest, capacity=max(train.capacity, longest * rows), half=half
        )
    except UserError as error:
        yield ProofLine("isolation", False, str(error))
        return
    yield _isolation(forward)
    double = in_float64(model.to("cpu"))
    if fault := fault_in_float64(double):
        yield ProofLine("float64", False, f"its own code does not run in it, so nothing further can be proven: {fault}")
        return
    yield from prove_windows(double, forward, longest)
    yield from prove_dropout(double, forward, on=train.dropout)
    proof = GradientProof(
        double, forward, encoded, indices, dft=any(phase.objective == "dft" for phase in train.phases)
    )
    yield from proof.lines()
    if train.lora is not None:
        yield from prove_adapters(proof)
    own = _load(train, source, option).to(device).eval()
    arrange(own, forward)
    yield proof.in_own_dtype(own, half=half, context=train.context)


def _load(train: Train, source: Path | str, option: str) -> Model:
    """The model, or an adapter with its base; adapters of `train.lora` are added where it has none."""
    model = load_model(source, option=option)
    if train.lora is not None:
        if not has_adapters(model):
            add_adapters(model, train.lora, seed=train.seed)
        unsettle_adapters(model)
    return model


def _isolation(forward: Forward) -> ProofLine:
    if forward.packed:
        detail = f"changing one document of a pack leaves the others as they are, compared in {forward.checked}"
    else:
        detail = f"one document a row, exact by construction, because: {forward.why[0]}"
    return ProofLine("isolation", True, detail)


def _bytes_needed(model: Model, encoded: Encoded, indices: NDArray[np.int64]) -> int:
    """Weights and three gradients in float64, and the scores of the longest solution."""
    longest = int(encoded.supervised_lengths[indices].max())
    return 8 * (5 * parameter_count(model) + 4 * longest * len(model.get_input_embeddings().weight))
