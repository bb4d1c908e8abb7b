"""The ledger of losses: every example that a step took, with its own J, beside the figures of the run.

    losses/steps-00000001-00000100.arrow    a row per appearance: id, step, epoch, objective, supervised_tokens
    losses/to_look_at.jsonl                 at the end: the examples furthest below their step's mean, worst first

Rows wait for the next checkpoint and are written just before it, so a run that is killed and resumed holds each
appearance once. A high loss is a reason to look, not a fault: hard, rare and new examples have one too. Nothing here
removes a row from training.
"""

import json
import logging
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from schemas.arrow_files import replacing_stream
from schemas.files import write_text
from training.shards import Examples

logger = logging.getLogger(__name__)

LOSSES = "losses"
TO_LOOK_AT = "to_look_at.jsonl"

SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("step", pa.int32()),
        ("epoch", pa.int32()),
        ("objective", pa.float64()),
        ("supervised_tokens", pa.int32()),
    ]
)

_LISTED = 100
_RANGE = 1_000_000  # rows of the ledger that are looked at together
_STRIDE = 1_000
_EMPTY = SCHEMA.append(pa.field("below", pa.float64())).empty_table()


class LossLedger:
    """Writes the ledger of a run. A resumed run first drops the files of steps that will be done again."""

    def __init__(self, run: Path, examples: Examples, *, done: int) -> None:
        self._folder = run / LOSSES
        self._examples = examples
        self._waiting: list[pa.Table] = []
        self._folder.mkdir(exist_ok=True)
        for path in self._folder.iterdir():  # a name with a dot: a kill left it half-written
            if path.name.startswith(".") or (path.suffix == ".arrow" and _last_step(path) > done):
                path.unlink()
        self._remove_damaged()

    def _remove_damaged(self) -> None:
        """Removes the files that cannot be read: a rotten ledger costs its own steps, and no run."""
        for path in sorted(self._folder.glob("*.arrow")):
            if _is_damaged(path):
                logger.warning("%s: damaged; removed, the losses of its steps are not listed", path)
                path.unlink()

    def add(
        self,
        ids: Sequence[str],
        objective: NDArray[np.float64],
        supervised: NDArray[np.int64],
        *,
        step: int,
        epoch: int,
    ) -> None:
        """Notes a step's examples: their ids, (1/|o|) sum_t log pi(o_t), and |o|."""
        columns = [
            pa.array(ids, pa.string()),
            pa.array(np.full(len(ids), step, np.int32)),
            pa.array(np.full(len(ids), epoch, np.int32)),
            pa.array(objective),
            pa.array(supervised.astype(np.int32)),
        ]
        self._waiting.append(pa.table(columns, schema=SCHEMA))

    def write(self) -> None:
        """Writes what has been noted since the last call, whole or not at all."""
        if not self._waiting:
            return
        table = pa.concat_tables(self._waiting)
        first, last = table["step"][0].as_py(), table["step"][-1].as_py()
        name = f"steps-{first:08d}-{last:08d}.arrow"
        with replacing_stream(self._folder / name, SCHEMA) as writer:
            writer.write_table(table.combine_chunks())
        self._waiting.clear()

    def list_worst(self) -> None:
        """Writes the worst examples of the whole run as JSON lines, with what they ask."""
        self._remove_damaged()
        worst = worst_of(self._folder.parent, limit=_LISTED)
        indices = self._examples.indices_of(worst["id"].combine_chunks())
        known = indices >= 0  # an id may have rotted and still be text
        worst, indices = worst.filter(pa.array(known)), indices[known]
        lines = [
            json.dumps(
                row | {"format": str(example.format), "source": example.source, "question": example.question[:300]}
            )
            for row, example in zip(worst.to_pylist(), self._examples.take(indices), strict=True)
        ]
        write_text(self._folder / TO_LOOK_AT, "".join(f"{line}\n" for line in lines))


def read_losses(run: Path) -> pa.Table:
    """Reads the ledger of a run, in the order of its steps."""
    tables = list(_files(run))
    return pa.concat_tables(tables) if tables else SCHEMA.empty_table()


def worst_of(run: Path, *, limit: int) -> pa.Table:
    """The examples whose J lies furthest below the mean of their steps, worst first; ties by id.

    Compared with its own step, an example seen early, when every J was low, is no worse than one seen late. Ids are
    looked at in ranges, so that memory does not grow with the data.

    Returns:
        id, below (mean distance to the mean J of its step, nats per token), objective (its mean J), seen, and
        supervised_tokens.
    """
    worst = [_worst_between(run, low, high, limit) for low, high in pairwise([None, *_cuts(run), None])]
    return _sorted(pa.concat_tables(worst)).slice(0, limit)


def _files(run: Path) -> Iterator[pa.Table]:
    """The files of a ledger, each with whole steps."""
    for path in sorted((run / LOSSES).glob("*.arrow")):
        yield pa.ipc.open_stream(pa.memory_map(str(path))).read_all()


def _is_damaged(path: Path) -> bool:
    try:
        with pa.ipc.open_stream(pa.memory_map(str(path))) as reader:
            table = reader.read_all()
        table.validate(full=True)
    except (OSError, pa.ArrowException):
        return True
    return not table.schema.equals(SCHEMA) or any(column.null_count for column in table.columns)


def _cuts(run: Path) -> list[str]:
    """Ids that cut the ledger into ranges of about `_RANGE` rows."""
    strides = (table["id"].take(np.arange(0, len(table), _STRIDE)) for table in _files(run))
    some = sorted(id_ for ids in strides for id_ in ids.to_pylist())
    ranges = len(some) * _STRIDE // _RANGE
    return sorted({some[len(some) * number // (ranges + 1)] for number in range(1, ranges + 1)})


def _worst_between(run: Path, low: str | None, high: str | None, limit: int) -> pa.Table:
    """The worst of the examples whose ids lie in [low, high); None bounds nothing."""
    tables = [_EMPTY]
    for losses in _files(run):
        means = losses.group_by("step").aggregate([("objective", "mean")])
        position = pc.index_in(losses["step"], value_set=means["step"].combine_chunks())
        below = pc.subtract(means["objective_mean"].take(position), losses["objective"])
        rows = losses.append_column("below", below)
        if low is not None:
            rows = rows.filter(pc.greater_equal(rows["id"], low))
        if high is not None:
            rows = rows.filter(pc.less(rows["id"], high))
        tables.append(rows)
    grouped = pa.concat_tables(tables).group_by("id", use_threads=False)
    found = grouped.aggregate(
        [("below", "mean"), ("objective", "mean"), ("step", "count"), ("supervised_tokens", "max")]
    )
    return _sorted(found.rename_columns(["id", "below", "objective", "seen", "supervised_tokens"])).slice(0, limit)


def _sorted(examples: pa.Table) -> pa.Table:
    return examples.sort_by([("below", "descending"), ("id", "ascending")])


def _last_step(path: Path) -> int:
    return int(path.stem.rsplit("-", 1)[1])
