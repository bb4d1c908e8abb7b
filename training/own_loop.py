"""Judged rows for a loop of your own, in the order in which `mathmill train` takes them.

`stream(DATA)` is the public door. The order is a pure function of (seed, epoch, step), so any number of workers gives
the same batches, and a state is a few integers: nothing is replayed, no buffer is lost.

Workers take turns by runs of rows: the first run is worker 0's, the next worker 1's. A DataLoader asks its workers in
turn for a batch each, so with batches as long as runs it puts the order together again.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import IterableDataset, get_worker_info

from schemas.config import TrainData
from schemas.exits import RunFailedError
from schemas.place import as_text
from schemas.split import Split
from schemas.transcript import transcribe
from schemas.wording import amount
from training import shards
from training.chat import ChatLayout
from training.encode import encode
from training.model import load_tokenizer
from training.plan import Plan, Position
from training.shards import Example

Row = dict[str, Any]
State = dict[str, Any]
Item = TypeVar("Item")

IGNORED = -100
"""the label of tokens that bear no loss, as torch's cross entropy and other trainers have it"""


@dataclass(frozen=True, slots=True)
class _Recipe:
    """What a stream is made of: it is sent to other processes instead of the rows."""

    data: tuple[TrainData, ...]
    split: Split
    seed: int
    epochs: float
    examples_per_step: int
    order: str
    tokenizer: str | None
    supervise_think: bool
    draft: bool


class _Rows:
    """The rows of all epochs, one after another."""

    def __init__(self, recipe: _Recipe) -> None:
        self.recipe = recipe
        self._examples = shards.open_splits(*recipe.data, draft=recipe.draft)[recipe.split]
        self.plan = Plan(
            self._examples.weights,
            examples_per_step=recipe.examples_per_step,
            seed=recipe.seed,
            epochs=recipe.epochs,
            blocks=self._examples.blocks if recipe.order == "blocks" else None,
        )
        self._layout = ChatLayout(load_tokenizer(recipe.tokenizer)) if recipe.tokenizer else None
        weights = [source.weight for source in recipe.data]
        facts = asdict(recipe) | {"data": (self._examples.fingerprints, weights)}
        self.key = blake2b(repr(facts).encode(), digest_size=16).hexdigest()

    def between(self, start: int, stop: int) -> NDArray[np.int64]:
        """The examples of rows [start, stop) of the run; fewer at its end, none behind it."""
        pieces, begun, epoch = [np.empty(0, np.int64)], 0, 0
        while begun < stop and (length := self._length(epoch)):
            if start < begun + length:
                pieces.append(self.plan.first(epoch, stop - begun)[max(0, start - begun) :].astype(np.int64))
            begun, epoch = begun + length, epoch + 1
        return np.concatenate(pieces)

    def step(self, number: int) -> NDArray[np.int64]:
        """The examples of a step of the run; none behind its end."""
        epoch = 0
        while epoch < self.recipe.epochs:
            if number < (steps := self.plan.steps_in(epoch)):
                return self.plan.examples_at(Position(epoch, number))
            number, epoch = number - steps, epoch + 1
        return np.empty(0, np.int64)

    def steps_before(self, row: int) -> int:
        """The steps of the run that end before a row of it.

        Raises:
            RunFailedError: the row is not the first of a step.
        """
        steps = epoch = 0
        while row >= (length := self._length(epoch)) > 0:
            row, steps, epoch = row - length, steps + self.plan.steps_in(epoch), epoch + 1
        whole, within = divmod(row, self.recipe.examples_per_step)
        if within:
            raise RunFailedError(
                f"the stream goes on {amount(within, 'row')} behind the beginning of step {steps + whole + 1}, and "
                "steps are read whole; go on by rows, or from the end of a step"
            )
        return steps + whole

    def total(self) -> int:
        """Rows of the whole run."""
        epoch = total = 0
        while length := self._length(epoch):
            total, epoch = total + length, epoch + 1
        return total

    def expect(self, examples_of: Callable[..., NDArray[np.int64]], *place: int) -> None:
        """Begins to fetch what will be read after this, where it lies elsewhere."""
        if self._examples.fetched_bytes:
            self._examples.expect(examples_of(*place))

    def read(self, indices: NDArray[np.int64]) -> list[Row]:
        """Reads examples: as messages, or as tokens where a tokenizer was given."""
        examples = self._examples.take(indices)
        if self._layout is None:
            return [_about(example) | _messages(example) for example in examples]
        encoded = encode(examples, self._layout, supervise_think=self.recipe.supervise_think)
        return [
            _about(example)
            | {
                "input_ids": row.tokens.tolist(),
                "labels": np.where(row.supervised, row.tokens, IGNORED).tolist(),
                "completion_mask": row.supervised.tolist(),
            }
            for example, row in zip(examples, encoded, strict=True)
        ]

    def _length(self, epoch: int) -> int:
        return self.plan.examples_in(epoch) if epoch < self.recipe.epochs else 0


def _about(example: Example) -> Row:
    return {"id": example.id, "format": str(example.format), "source": example.source}


def _messages(example: Example) -> Row:
    """Prompt and completion in the conversational form of TRL and others."""
    return {
        "prompt": [{"role": "user", "content": example.request}],
        "completion": [{"role": "assistant", "content": transcribe(example.segments).response}],
    }


class _Ordered(IterableDataset[Item]):
    """Items in order, shared out to the workers of a DataLoader, with a state.

    Items are counted over the whole run; this process has taken `taken` of them since it began at item `start`.
    """

    _run = 1
    _items = "steps"

    def __init__(self, rows: _Rows) -> None:
        self._rows = rows
        self._start, self._taken = 0, 0
        self._resumes = False

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (type(self), self._rows.recipe, self._start, self._taken, self._resumes)

    def state_dict(self) -> State:
        """Where this process stands; of a loader's worker, where that worker stands."""
        return self._state(self._start, self._taken, _worker())

    def state_after(self, items: int) -> State:
        """The state once a whole loop has taken that many items, for loaders that cannot ask their workers."""
        return self._state(items, 0, None)

    def load_state_dict(self, state: State) -> None:
        """Continues behind what was taken, the next time that this is iterated.

        Raises:
            RunFailedError: a state of another order, of steps where these are rows, or of a worker that this process
                is not.
        """
        if state["order"] != self._rows.key:
            raise RunFailedError("this state is of another stream: its data, seed, epochs or step size were others")
        if (items := state.get("items", self._items)) != self._items:
            raise RunFailedError(f"this state counts {items}, and these are {self._items}: load it where it was taken")
        worker = state["worker"]
        if worker is not None and tuple(worker) != _worker():
            raise RunFailedError(
                f"this state is of worker {worker[0]} of {worker[1]}, and is loaded by {_called(_worker())}; a loader "
                "of another size goes on from `state_after`"
            )
        self._start, self._taken = state["start"], state["taken"]
        if worker is None:
            self._start, self._taken = self._start + self._taken, 0
        self._resumes = True

    def _state(self, start: int, taken: int, worker: tuple[int, int] | None) -> State:
        return {"order": self._rows.key, "items": self._items, "start": start, "taken": taken, "worker": worker}

    def _next(self) -> tuple[int, int]:
        """The items that this process takes next: those of its run [start, stop) that are left."""
        begun, done = self._run_of(0)
        return begun + done, begun + self._run

    def _after(self) -> tuple[int, int]:
        """The items of the run that this process takes after that."""
        begun, _ = self._run_of(1)
        return begun, begun + self._run

    def _run_of(self, turns: int) -> tuple[int, int]:
        """Where the run begins that this process is at, or `turns` runs later, and how much of this one is taken."""
        worker, workers = _worker() or (0, 1)
        turn, done = divmod(self._taken, self._run)
        return self._start + ((turn + turns) * workers + worker) * self._run, done

    def _begin(self) -> None:
        if not self._resumes:
            self._start, self._taken = 0, 0
        self._resumes = False


def _worker() -> tuple[int, int] | None:
    """This process among the workers of a loader: its number and theirs; None outside of one."""
    about = get_worker_info()
    return None if about is None else (about.id, about.num_workers)


def _called(worker: tuple[int, int] | None) -> str:
    return "no worker" if worker is None else f"worker {worker[0]} of {worker[1]}"


def _again(kind: type[_Ordered[Item]], recipe: _Recipe, start: int, taken: int, resumes: bool) -> _Ordered[Item]:
    ordered = kind(_Rows(recipe))
    ordered._start, ordered._taken, ordered._resumes = start, taken, resumes
    return ordered


class Steps(_Ordered[list[Row]]):
    """Whole optimizer steps, each a list of rows: exactly those of `mathmill train`.

    For `DataLoader(steps, batch_size=None, num_workers=...)`. The last step of an epoch takes what is left.
    """

    def __iter__(self) -> Iterator[list[Row]]:
        self._begin()
        while len(indices := self._rows.step(self._next()[0])):
            self._rows.expect(self._rows.step, self._after()[0])
            step = self._rows.read(indices)
            self._taken += 1
            yield step


class Stream(_Ordered[Row]):
    """Rows, one at a time, in the order of `mathmill train`; epochs follow one another.

    For `DataLoader(stream, batch_size=examples_per_step, collate_fn=..., num_workers=...)`: with several workers
    batches of that size keep the order. The state is torchdata's convention: a StatefulDataLoader resumes it.
    """

    _items = "rows"

    def __init__(self, rows: _Rows) -> None:
        super().__init__(rows)
        self._run = rows.recipe.examples_per_step

    def __iter__(self) -> Iterator[Row]:
        self._begin()
        while len(indices := self._rows.between(*self._next())):
            self._rows.expect(self._rows.between, *self._after())
            for row in self._rows.read(indices):
                self._taken += 1
                yield row

    def steps(self) -> Steps:
        """The same rows by whole steps, from where a loaded state has this stream go on.

        Raises:
            RunFailedError: that is within a step.
        """
        steps = Steps(self._rows)
        if self._resumes:
            steps.load_state_dict(steps.state_after(self._rows.steps_before(self._start)))
        return steps

    def as_dataset(self) -> Any:  # noqa: ANN401  a datasets.IterableDataset, which has no types
        """The same rows as a `datasets.IterableDataset`, which TRL and others read; a shard of it is a step's rows.

        It begins where a loaded state has this stream go on, and has a state of its own, which counts from there.
        """
        from datasets import Features, IterableDataset, List, Value  # deferred: a loop in torch needs no datasets

        text, integers = Value("string"), List(Value("int64"))
        turns = List({"role": text, "content": text})
        columns = (
            {"prompt": turns, "completion": turns}
            if self._rows.recipe.tokenizer is None
            else {"input_ids": integers, "labels": integers, "completion_mask": integers}
        )
        start = self._start if self._resumes else 0
        runs = list(range(-(-max(0, self._rows.total() - start) // self._run)))
        features = Features({"id": text, "format": text, "source": text, **columns})
        return IterableDataset.from_generator(
            partial(self._rows_of, start), features=features, gen_kwargs={"runs": runs}
        )

    def _rows_of(self, start: int, runs: list[int]) -> Iterator[Row]:
        for run in runs:
            begun = start + run * self._run
            yield from self._rows.read(self._rows.between(begun, begun + self._run))


def stream(
    *data: str | Path,
    split: str = Split.TRAIN,
    seed: int = 0,
    epochs: float = 1,
    examples_per_step: int = 256,
    order: Literal["rows", "blocks"] = "rows",
    weights: Sequence[float] | None = None,
    tokenizer: str | Path | None = None,
    supervise_think: bool = True,
    draft: bool = False,
) -> Stream:
    """Streams data sets that may be trained on, in the order of `mathmill train` with the same settings.

    A row is a dict: id, format, source, and `prompt` and `completion` as messages; with a tokenizer, instead of the
    messages, `input_ids`, `labels` (-100 where a token bears no loss: prompt, tool outputs) and `completion_mask`.

    Args:
        data: data sets made by `mathmill curate`; their examples follow one another.
        split: train or heldout.
        seed: another seed gives another order.
        epochs: passes over the data, of which the last may be a fraction. A weight is expected appearances in each.
        examples_per_step: rows of one optimizer step.
        order: rows | blocks, as `train.order`.
        weights: one for each data set, as `train.data` has them; None: 1 for each.
        tokenizer: a Hugging Face name or folder; rows come as the tokens that `mathmill train` would train on.
        supervise_think: whether thoughts bear loss.
        draft: accept data without a passed verdict.

    Raises:
        UserError: not a data set, no verdict, or a failed one; no such tokenizer.
        RunFailedError: bytes that do not match their verdict.
    """
    if examples_per_step < 1:
        raise ValueError(f"examples_per_step: expected at least 1, found {examples_per_step}")
    recipe = _Recipe(
        data=tuple(
            TrainData(path=as_text(place), weight=weight)
            for place, weight in zip(data, [1.0] * len(data) if weights is None else weights, strict=True)
        ),
        split=Split(split),
        seed=seed,
        epochs=epochs,
        examples_per_step=examples_per_step,
        order=order,
        tokenizer=None if tokenizer is None else str(tokenizer),
        supervise_think=supervise_think,
        draft=draft,
    )
    return Stream(_Rows(recipe))
