import csv
import datetime
import hashlib
import io

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.sources.files.records import MAX_LINE_BYTES, FileSplit, Kind
from pipelines.sources.files.scan import read_records, scan
from pipelines.sources.files.tables import arrow_batches, parquet_groups, read_arrow, read_parquet, read_separated
from schemas.exits import UserError
from schemas.reason import Reason
from tests.pipelines.sources.files.reading import ROWS, records, written


def test_csv_has_a_header_and_quotes(tmp_path):
    content = (
        b'question,answer\r\n"How many,\nin ""all""?",5\r\n\r\nplain,6\r\nthree,cells,here\r\nbad \xff byte,7\r\nlast,8'
    )
    found = records(written(tmp_path, "a.csv", content))
    assert found[0].value == {"question": 'How many,\nin "all"?', "answer": "5"}
    assert [record.row for record in found] == list(range(5))
    assert [record.reason for record in found] == [None, None, Reason.PARSE_ERROR, Reason.BAD_ENCODING, None]
    assert found[2].detail == "3 cells where the header names 2"
    assert found[3].raw == "bad \\xff byte\t7"
    assert orjson.loads(found[0].raw) == found[0].value


def test_a_quote_that_never_closes_says_where_it_opens(tmp_path):
    found = records(written(tmp_path, "a.csv", b'question,answer\nfine,1\n"open,2\nlost,3\n'))
    assert [record.reason for record in found] == [None, Reason.PARSE_ERROR]
    assert found[1].detail == "line 3: unexpected end of data"
    assert found[1].raw == "[lines 3 to 4]"


def test_an_endless_cell_is_too_long_and_the_others_survive(tmp_path):
    found = records(written(tmp_path, "a.csv", b"question\n" + b"x" * (MAX_LINE_BYTES + 1) + b"\nfine\n"))
    assert [record.reason for record in found] == [Reason.TOO_LONG, None]


def test_tsv_has_no_quoting_and_may_have_no_header(tmp_path):
    path = written(tmp_path, "a.tsv", b'"Hello," said Tom. How many?\t5\nNext?\t6\n')
    found = records(path, header=False)
    assert [record.value for record in found] == [
        {"0": '"Hello," said Tom. How many?', "1": "5"},
        {"0": "Next?", "1": "6"},
    ]
    assert [record.value for record in records(path)] == [{'"Hello," said Tom. How many?': "Next?", "5": "6"}]


def test_parquet_is_split_by_row_groups(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.Table.from_pylist(ROWS), path, row_group_size=3)
    (file,) = scan(str(path), split_bytes=1)
    assert [(split.start, split.end, split.first_row, split.rows) for split in file.splits] == [
        (0, 1, 0, 3),
        (1, 2, 3, 3),
        (2, 3, 6, 1),
    ]
    assert file.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert [record.value for record in records(path, split_bytes=1)] == ROWS
    assert [record.row for record in records(path, split_bytes=1)] == list(range(7))
    assert len(scan(str(path))[0].splits) == 1


@pytest.mark.parametrize("layout", [pa.ipc.new_file, pa.ipc.new_stream])
def test_arrow_files_and_streams_are_one_split(tmp_path, layout):
    table = pa.Table.from_pylist(ROWS)
    with layout(tmp_path / "a.arrow", table.schema) as writer:
        writer.write_table(table, max_chunksize=2)
    (file,) = scan(str(tmp_path / "a.arrow"))
    assert (file.rows, len(file.splits)) == (7, 1)
    assert [record.value for record in read_records(file.splits[0])] == ROWS


def test_text_that_is_not_utf_8_in_a_table_costs_its_record_only(tmp_path):
    bad = pa.Array.from_buffers(pa.string(), 2, pa.array([b"good", b"b\xffd"], pa.binary()).buffers())
    pq.write_table(pa.table({"question": bad}), tmp_path / "a.parquet")
    good, spoiled = records(tmp_path / "a.parquet")
    assert good.value == {"question": "good"}
    assert spoiled.reason is Reason.BAD_ENCODING


CELLS = st.text('ab", \n\r\té', max_size=4)


@given(st.lists(st.tuples(CELLS, CELLS), max_size=5))
def test_what_the_csv_module_writes_is_read_back(rows):
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows([("q", "a"), *rows])
    stream.seek(0)
    found = list(read_separated(stream, Kind.CSV, first_row=3))
    assert [record.value for record in found] == [{"q": q, "a": a} for q, a in rows]
    assert [record.row for record in found] == list(range(3, 3 + len(rows)))


@pytest.mark.parametrize(
    ("kind", "text", "values"),
    [
        (Kind.CSV, "", []),
        (Kind.CSV, "q,a\n", []),
        (Kind.TSV, 'q\ta\n"x\t1\n', [{"q": '"x', "a": "1"}]),
        (Kind.CSV_HEADLESS, 'x,1\n\n"y, z",2\n', [{"0": "x", "1": "1"}, {"0": "y, z", "1": "2"}]),
        (Kind.TSV_HEADLESS, "x\t1\ny\n", [{"0": "x", "1": "1"}, {"0": "y"}]),
        (Kind.CSV, "q,a\nx\ny,2\n", [None, {"q": "y", "a": "2"}]),
    ],
)
def test_cells_are_called_as_the_header_or_their_place_says(kind, text, values):
    assert [record.value for record in read_separated(io.StringIO(text, newline=""), kind, first_row=0)] == values


def parquet_of(rows, group, **columns):
    sink = io.BytesIO()
    pq.write_table(pa.table({"n": list(range(rows)), **columns}), sink, row_group_size=group)
    return sink


def test_row_groups_are_gathered_until_they_are_large_enough():
    sink = parquet_of(10, 3)
    groups = [pq.ParquetFile(sink).metadata.row_group(place).total_byte_size for place in range(4)]
    assert parquet_groups(sink, 1) == [(0, 1, 3), (1, 2, 3), (2, 3, 3), (3, 4, 1)]
    assert parquet_groups(sink, groups[0] + groups[1]) == [(0, 2, 6), (2, 4, 4)]
    assert parquet_groups(sink, groups[0] + groups[1] + 1) == [(0, 3, 9), (3, 4, 1)]
    assert parquet_groups(sink, 1 << 20) == [(0, 4, 10)]


def stretch(start, end, first_row, kind=Kind.PARQUET):
    return FileSplit("x", kind, None, start, end, first_row, 0)


def test_a_stretch_of_row_groups_holds_its_rows_and_counts_on():
    found = list(read_parquet(parquet_of(10, 3), stretch(1, 3, 100)))
    assert [record.value["n"] for record in found] == [3, 4, 5, 6, 7, 8]
    assert [record.row for record in found] == list(range(100, 106))
    assert found[0].raw == '{"n":3}'


def arrow_of(layout, *batches):
    sink = io.BytesIO()
    with layout(sink, batches[0].schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
    return io.BytesIO(sink.getvalue())


@pytest.mark.parametrize("layout", [pa.ipc.new_file, pa.ipc.new_stream])
def test_rows_of_many_and_long_batches_are_numbered_through(layout):
    batches = [pa.RecordBatch.from_pydict({"n": pa.array(range(size), pa.int64())}) for size in (2500, 0, 3)]
    found = list(read_arrow(arrow_of(layout, *batches), stretch(0, 0, 10, Kind.ARROW)))
    assert [record.row for record in found] == list(range(10, 2513))
    assert [record.value["n"] for record in found] == [*range(2500), 0, 1, 2]
    assert [len(batch) for batch in arrow_batches(arrow_of(layout, *batches))] == [2500, 0, 3]


def test_bad_text_far_down_a_batch_costs_its_row_only():
    texts = pa.array([b"ok"] * 1500 + [b"\xff", b"fine"], pa.binary())
    column = pa.Array.from_buffers(pa.string(), len(texts), texts.buffers())
    batch = pa.RecordBatch.from_arrays([column], names=["q"])
    found = list(read_arrow(arrow_of(pa.ipc.new_stream, batch), stretch(0, 0, 0, Kind.ARROW)))
    assert [record.row for record in found] == list(range(1502))
    assert [record.row for record in found if record.reason] == [1500]
    assert found[1500].reason is Reason.BAD_ENCODING
    assert found[1501].value == {"q": "fine"}


def test_values_that_json_does_not_know_are_written_as_text():
    batch = pa.RecordBatch.from_pydict({"day": [datetime.date(2024, 5, 6)], "list": [[1.5, None]]})
    (record,) = read_arrow(arrow_of(pa.ipc.new_file, batch), stretch(0, 0, 0, Kind.ARROW))
    assert record.raw == '{"day":"2024-05-06","list":[1.5,null]}'


def test_a_header_that_names_a_column_twice_would_lose_a_cell(tmp_path):
    path = written(tmp_path, "a.csv", b"question,answer,answer\nx,1,2\n")
    with pytest.raises(
        UserError, match=r"a\.csv has a header that names two columns 'answer'; give each a name of its own"
    ):
        records(path)
    assert len(records(path, header=False)) == 2


def test_a_value_that_python_cannot_hold_costs_its_row_only():
    days = pa.array([0, 10_000_000, 1], pa.int32()).cast(pa.date32())  # the second is in the year 29,349
    batch = pa.RecordBatch.from_arrays([days], names=["day"])
    found = list(read_arrow(arrow_of(pa.ipc.new_file, batch), stretch(0, 0, 5, Kind.ARROW)))
    assert [record.reason for record in found] == [None, Reason.STAGE_CRASH, None]
    assert (found[1].row, found[1].raw) == (6, "[row 6]")
    assert found[1].detail.startswith("read: ")


def test_a_cell_too_many_that_is_not_utf_8_costs_its_row_only():
    text = io.StringIO("q,a\n1,2\n1,2,\udcff\n3,4\n")
    found = list(read_separated(text, Kind.CSV, first_row=0))
    assert [record.reason for record in found] == [None, Reason.BAD_ENCODING, None]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Kind.CSV, 'q;a\n"x, ""y"";\nz";1\nu, v, w;2\n'),
        (Kind.CSV, 'q\ta\n"x, ""y"";\nz"\t1\nu, v, w\t2\n'),
        (Kind.CSV, 'q|a\n"x, ""y"";\nz"|1\nu, v, w|2\n'),
        (Kind.CSV, 'sep=;\nq;a\n"x, ""y"";\nz";1\nu, v, w;2\n'),
        (Kind.TSV, 'q,a\n"x, ""y"";\nz",1\n"u, v, w",2\n'),
        (Kind.TSV, 'q\ta\n"x, ""y"";\nz"\t1\nu, v, w\t2\n'),
        (Kind.CSV, ' q ,"a "\n"x, ""y"";\nz",1\n"u, v, w",2\n'),
    ],
)
def test_the_first_rows_tell_how_cells_are_parted(kind, text):
    found = list(read_separated(io.StringIO(text, newline=""), kind, first_row=0))
    assert [record.value for record in found] == [{"q": 'x, "y";\nz', "a": "1"}, {"q": "u, v, w", "a": "2"}]


@pytest.mark.parametrize(
    ("kind", "text", "cell"),
    [
        (Kind.CSV, "q\nx; y\nz; u\n", "x; y"),
        (Kind.CSV, "q;r\nx; y\nz\n", "x; y"),
        (Kind.CSV, 'q,a;b\n"x;y",1;2\n', "x;y"),
        (Kind.TSV, 'q\ta\n"x" and "y"\t1\n', '"x" and "y"'),
        (Kind.TSV, 'q\ta\n"x\t1\n', '"x'),
    ],
)
def test_marks_in_cells_part_nothing(kind, text, cell):
    first, *_ = read_separated(io.StringIO(text, newline=""), kind, first_row=0)
    assert cell in first.value.values()


def test_a_fault_below_a_line_for_excel_has_the_line_of_the_file():
    found = list(read_separated(io.StringIO('sep=;\nq;a\nx;1\n"y;2\n', newline=""), Kind.CSV, first_row=0))
    assert found[1].detail.startswith("line 4: ")
