"""The gradients of a model that every rank has a copy of: one buffer, summed over ranks while it is being filled."""

from collections.abc import Sequence
from functools import partial

import torch

from training.world import Pending, World

_ALIGN = 16  # elements of a parameter's place: 64 bytes of float32
_BUCKET = 6_553_600  # elements that are summed together: 25 MiB of float32


class Gradients:
    """All gradients in one flat buffer: one norm, one check. Each parameter's `.grad` is a view into it.

    Places are aligned to 64 bytes, so that fused kernels stay fast. The sum over ranks goes bucket by bucket, the last
    parameters first, as a backward pass fills them. Every rank sums the buckets in the same order, whatever it fills
    first, and what it does not fill (an expert that no token went to) when it is done: so all ranks agree.

    Args:
        parameters: in the model's order.
        bucket: elements that are summed together, at least.
    """

    def __init__(self, parameters: Sequence[torch.nn.Parameter], *, bucket: int = _BUCKET) -> None:
        sizes = [-(-parameter.numel() // _ALIGN) * _ALIGN for parameter in parameters]
        first = parameters[0]
        self.flat = torch.zeros(sum(sizes), dtype=first.dtype, device=first.device)
        self._parameters = parameters
        self._buckets: list[torch.Tensor] = []
        self._bucket_of = [0] * len(parameters)
        start = end = len(self.flat)
        for place in reversed(range(len(parameters))):
            parameter = parameters[place]
            start -= sizes[place]
            parameter.grad = self.flat[start : start + parameter.numel()].view_as(parameter)
            self._bucket_of[place] = len(self._buckets)
            if end - start >= bucket or not place:
                self._buckets.append(self.flat[start:end])
                end = start
        self._hooked = False
        self._filling: list[int] | None = None  # of each bucket: parameters that the backward pass has still to reach
        self._pending: list[Pending] = []

    def clear(self) -> None:
        """Sets all gradients to zero."""
        self.flat.zero_()

    def sum_early(self, world: World) -> None:
        """Lets the backward pass that comes next, the last one of a step, begin the sum over ranks."""
        if world.size == 1:
            return
        if not self._hooked:
            self._hooked = True
            for parameter, bucket in zip(self._parameters, self._bucket_of, strict=True):
                hook = partial(self._filled, world, bucket)
                parameter.register_post_accumulate_grad_hook(hook)  # type: ignore[no-untyped-call]
        self._filling = [self._bucket_of.count(bucket) for bucket in range(len(self._buckets))]

    def sum(self, world: World) -> None:
        """Sums the gradients of all ranks: what the backward pass has not begun, and waits for all."""
        self._filling = None
        while world.size > 1 and self._is_open():
            self._begin_next(world)
        for pending in self._pending:
            pending.wait()
        self._pending.clear()

    def norm(self, _world: World) -> float:
        """The Euclidean norm of the whole gradient."""
        return float(torch.linalg.vector_norm(self.flat))

    def scale(self, factor: float) -> None:
        """Multiplies all gradients."""
        self.flat.mul_(factor)

    def _filled(self, world: World, bucket: int, _parameter: torch.Tensor) -> None:
        """A parameter of a bucket has its gradient: those that are full, and all before them, are summed."""
        filling = self._filling
        if filling is None:
            return
        if bucket < len(self._pending):
            raise RuntimeError("a gradient came a second time, after its sum over ranks had begun")
        filling[bucket] -= 1
        while self._is_open() and not filling[len(self._pending)]:
            self._begin_next(world)

    def _is_open(self) -> bool:
        return len(self._pending) < len(self._buckets)

    def _begin_next(self, world: World) -> None:
        self._pending.append(world.begin_sum(self._buckets[len(self._pending)]))
