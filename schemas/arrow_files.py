"""Arrow IPC streams written whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from schemas.files import replacing


@contextmanager
def replacing_stream(
    path: Path, schema: pa.Schema, options: pa.ipc.IpcWriteOptions | None = None
) -> Iterator[pa.ipc.RecordBatchStreamWriter]:
    """Gives the writer of a stream that takes the place of `path` when the block ends well."""
    with (
        replacing(path) as temporary,
        pa.OSFile(str(temporary), "wb") as file,
        pa.ipc.new_stream(file, schema, options=options) as writer,
    ):
        yield writer
