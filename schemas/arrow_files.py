"""Arrow IPC streams written whole or not at all, and read so."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from schemas.exits import UserError, one_line
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


def read_stream(path: Path) -> pa.Table:
    """Reads a small file of a data set that its manifest may have no hash of.

    Raises:
        UserError: it is damaged.
    """
    try:
        with pa.OSFile(str(path), "rb") as source, pa.ipc.open_stream(source) as reader:
            table = reader.read_all()
        table.validate(full=True)
    except (OSError, pa.ArrowException) as error:
        raise UserError(
            f"{path}: damaged ({one_line(str(error))}); make the data again with `mathmill curate`"
        ) from error
    return table
