"""Whether shards hold the bytes that were judged: compared while the first steps are taken, not before them.

No checkpoint is written before all of them are compared, so nothing that lasts was trained on bytes that nobody judged.
"""

import os
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from schemas.verdict import JudgedShard


class Comparison:
    """The comparison of some shards, in a thread.

    Args:
        shards: what was judged; the ranks of one machine share them.
    """

    def __init__(self, shards: Sequence[JudgedShard]) -> None:
        rank, size = int(os.environ.get("LOCAL_RANK", "0")), int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
        self._shards = shards[rank::size]
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="compare")
        self._waiting: list[Future[None]] | None = None

    def look(self) -> None:
        """Begins to compare, or raises what has been found by now.

        Raises:
            RunFailedError: a shard has other bytes than those that were judged.
        """
        if self._waiting is None:
            self._waiting = [self._thread.submit(shard.require_unchanged) for shard in self._shards]
        for compared in [future for future in self._waiting if future.done()]:
            compared.result()
            self._waiting.remove(compared)

    def finish(self) -> None:
        """Waits until all is compared, and raises as `look` does."""
        self.look()
        for compared in self._waiting or []:
            compared.result()
        self._waiting = []

    def close(self) -> None:
        """Ends the thread after the shard that it is reading."""
        self._thread.shutdown(cancel_futures=True)
