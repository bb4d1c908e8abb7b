"""A stream is there whole, or what stood there before it is."""

import pyarrow as pa
import pytest

from schemas.arrow_files import replacing_stream

SCHEMA = pa.schema([("row", pa.int64())])


def read(path):
    with pa.OSFile(str(path), "rb") as file, pa.ipc.open_stream(file) as reader:
        return reader.read_all().to_pydict()


def test_a_stream_takes_its_place_when_it_is_whole_and_only_then(tmp_path):
    path = tmp_path / "folder" / "rows.arrow"
    with replacing_stream(path, SCHEMA) as writer:
        writer.write_table(pa.table([[1, 2]], schema=SCHEMA))
        assert not path.exists()
    assert read(path) == {"row": [1, 2]}
    with pytest.raises(pa.ArrowInvalid), replacing_stream(path, SCHEMA) as writer:
        writer.write_table(pa.table({"other": [3]}))
    assert read(path) == {"row": [1, 2]}
    assert list(path.parent.iterdir()) == [path]
