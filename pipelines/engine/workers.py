"""A function over elements as Beam carries it: on a worker that was compared with the run before it does anything."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import apache_beam as beam

from pipelines.engine.joining import join
from pipelines.engine.store import Store

Function = Callable[..., Any]


class OnWorker(beam.DoFn):
    """Calls a function for each element.

    Args:
        store: of the run.
        function: gives the elements that come of one, from it and from side inputs.
    """

    def __init__(self, store: Store, function: Callable[..., Iterable[Any] | None]) -> None:
        self._store, self._function = store, function

    def setup(self) -> None:
        """Compares this worker with the run."""
        join(self._store.root, self._store.run)

    def process(self, element: Any, *sides: Any) -> Iterable[Any] | None:  # noqa: ANN401  whatever flows
        """Calls the function."""
        return self._function(element, *sides)


def each_to_many(store: Store, function: Function, *sides: object) -> beam.ParDo:
    """Element -> the elements that a function gives of it; `sides` are side inputs, or what all elements share."""
    return beam.ParDo(OnWorker(store, function), *sides)


def each_to_one(store: Store, function: Function, *sides: object) -> beam.ParDo:
    """Element -> what a function gives of it; `sides` are side inputs, or what all elements share."""
    return beam.ParDo(OnWorker(store, partial(_alone, function)), *sides)


def _alone(function: Function, element: Any, *sides: Any) -> tuple[Any]:  # noqa: ANN401  whatever flows
    return (function(element, *sides),)
