import gzip
import io
import json
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from pipelines.sources.files.places import (
    decompressed,
    find_files,
    kind_of,
    lost_source_in_one_line,
    open_bytes,
    open_content,
)
from pipelines.sources.files.records import Kind
from pipelines.sources.files.scan import read_records, scan
from schemas.exits import RunFailedError, UserError
from schemas.place import Place
from tests.pipelines.sources.files.reading import COMPRESSED, LINES, ROWS, records, written
from tests.store_server import forbidden


def test_a_folder_is_read_in_path_order_and_counts_on(tmp_path):
    for name in ("b/2.jsonl", "a/1.jsonl", "a/.hidden/3.jsonl", ".git/4.jsonl"):
        written(tmp_path, name, json.dumps({"file": name}).encode())
    written(tmp_path, "README.md", b"no data")
    written(tmp_path, "dataset_info.json", b"{}")
    assert [(record.row, record.value) for record in records(tmp_path)] == [
        (0, {"file": "a/1.jsonl"}),
        (1, {"file": "b/2.jsonl"}),
    ]
    assert [record.value for record in records(tmp_path / "*" / "*.jsonl")] == [
        {"file": "a/1.jsonl"},
        {"file": "b/2.jsonl"},
    ]
    assert len(records(str(tmp_path / "**" / "*.jsonl"))) == 2


def test_a_url_of_fsspec_is_read(tmp_path):
    written(tmp_path, "x/a.jsonl", LINES)
    written(tmp_path, "x/b.jsonl.gz", gzip.compress(LINES))
    for url in (f"file://{tmp_path}/x", f"file://{tmp_path}/x/*"):
        assert [record.row for record in records(url, split_bytes=100)] == list(range(14))
    with pytest.raises(UserError, match="does not exist"):
        scan(f"file://{tmp_path}/nothing.jsonl")
    with pytest.raises(UserError, match="cannot be reached"):
        scan("nonsense://x/a.jsonl")


@pytest.mark.parametrize("kind", ["jsonl", "jsonl.gz", "parquet", "arrow"])
def test_objects_of_a_store_are_read_like_files(bucket, tmp_path, kind):
    whole = {"jsonl": LINES, "jsonl.gz": gzip.compress(LINES)}.get(kind) or columnar(kind)
    Place(f"{bucket}/x/b.{kind}").write(whole)
    here = written(tmp_path, f"b.{kind}", whole)
    for name in ("deep/a." + kind, "state.json", ".hidden/c.jsonl", "README.md"):
        Place(f"{bucket}/x/{name}").write(whole)
    alone = [record.value for record in records(here, split_bytes=100)]
    for path in ("/x", f"/x/**/*.{kind}", "/x/*"):
        files = scan(f"{bucket}{path}", split_bytes=100)
        names = ["b." + kind] if path == "/x/*" else ["b." + kind, "deep/a." + kind]
        assert [file.name for file in files] == [f"{bucket}/x/{name}" for name in names]
        found = [record.value for file in files for split in file.splits for record in read_records(split)]
        assert found == alone * len(names)
    (file,) = scan(f"{bucket}/x/b.{kind}")
    assert (file.bytes, file.sha256) == (len(whole), scan(str(here))[0].sha256)


def columnar(kind):
    sink = io.BytesIO()
    table = pa.Table.from_pylist(ROWS)
    if kind == "parquet":
        pq.write_table(table, sink, row_group_size=2)
    else:
        with pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
    return sink.getvalue()


def test_what_a_store_refuses_is_one_line(bucket, store):
    for path, words in (("/no.jsonl", "does not exist"), ("/no", "does not exist"), ("/no/*.jsonl", "holds no data")):
        with pytest.raises(UserError, match=f"^{bucket}{re.escape(path)} {words}"):
            scan(f"{bucket}{path}")
    Place(f"{bucket}/a.jsonl").write(LINES)
    store.fail("HEAD", "a.jsonl", forbidden, times=9)
    with pytest.raises(UserError, match=f"^{bucket}/a.jsonl cannot be reached: .*ACCESS_DENIED"):
        scan(f"{bucket}/a.jsonl")


def test_credentials_of_a_source_stand_in_no_name(bucket, store):
    Place(f"{bucket}/x/a.jsonl").write(LINES)
    host = store.url.removeprefix("http://")
    secret = f"s3://a:hush@{bucket.removeprefix('s3://')}"
    for path in ("/x", "/x/*", "/x/a.jsonl"):
        (file,) = scan(f"{secret}{path}?scheme=http&endpoint_override={host}")
        assert file.name == f"{bucket}/x/a.jsonl"
        assert len([record for split in file.splits for record in read_records(split)]) == len(ROWS)


def test_an_object_that_vanishes_between_two_looks_is_told(bucket):
    place = Place(f"{bucket}/a.jsonl")
    place.write(LINES)
    (file,) = scan(place.url)
    place.remove()
    with (
        pytest.raises(RunFailedError, match=rf"a source was lost .*{bucket}/a.jsonl.*continues$"),
        lost_source_in_one_line(),
    ):
        list(read_records(file.splits[0]))
    with pytest.raises(RuntimeError, match="something else"), lost_source_in_one_line():
        raise RuntimeError("something else")


@pytest.fixture
def hub_folder(tmp_path, monkeypatch):
    """A folder that stands for the hub: its subfolders are data sets, and the library reads them there."""
    datasets = pytest.importorskip("datasets")
    load, folder = datasets.load_dataset, tmp_path / "hub"
    monkeypatch.setattr(datasets, "load_dataset", lambda name, *rest, **more: load(str(folder / name), *rest, **more))
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    (folder / "org" / "rows").mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(ROWS), folder / "org" / "rows" / "train.parquet")
    return folder


def test_a_hub_data_set_is_written_once_and_named_by_its_address(hub_folder):
    address = "hf://org/rows?split=train[:5]"
    (file,) = scan(address)
    assert (file.name, file.rows) == (address, 5)
    assert [record.value for split in file.splits for record in read_records(split)] == ROWS[:5]
    with pytest.raises(UserError, match="unknown splt; known are split, revision, name"):
        scan("hf://org/rows?splt=train")
    with pytest.raises(UserError, match="cannot be loaded"):
        scan("hf://org/nothing?split=train")


@pytest.mark.parametrize("name", ["../hub/org/rows", "org/../../x", "/etc/x", "org/..", "..", "org/a/b", "org/~", ""])
def test_a_hub_name_does_not_climb_to_files_of_this_machine(hub_folder, name):
    with pytest.raises(UserError, match="no name of a data set on the hub"):
        scan(f"hf://{name}")


def test_a_folder_that_hides_a_hub_data_set_is_named(hub_folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert scan("hf://org/rows")
    (tmp_path / "org" / "rows").mkdir(parents=True)
    with pytest.raises(UserError, match=f"{tmp_path / 'org' / 'rows'} hides it"):
        scan("hf://org/rows?split=train[:2]")


def test_a_folder_or_glob_without_data_is_an_error(tmp_path):
    written(tmp_path, "notes.md", b"x")
    for path in (tmp_path, tmp_path / "*.jsonl"):
        with pytest.raises(UserError, match=r"holds no data files; known extensions are \.jsonl"):
            scan(str(path))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.jsonl", (Kind.JSONL, None)),
        ("a/b.NDJSON", (Kind.JSONL, None)),
        ("a.b.json.GZ", (Kind.JSON, "gz")),
        ("a.tsv.zst", (Kind.TSV, "zst")),
        ("a.feather", (Kind.ARROW, None)),
        ("https://x.org/a.csv.xz", (Kind.CSV, "xz")),
        ("a.parquet.gz", None),
        ("a.gz", None),
        ("a.jsonl.zip", None),
        ("jsonl", None),
        ("", None),
    ],
)
def test_the_name_of_a_file_tells_kind_and_compression(name, kind):
    assert kind_of(name) == kind


def names(path, below):
    return [file.removeprefix(f"{below}/") for file, name in find_files(str(path)) if file == name]


def test_hidden_files_are_passed_over_below_the_place_and_not_above_it(tmp_path):
    home = tmp_path / ".home"
    for name in ("b.jsonl", "a.csv", ".c.jsonl", ".d/e.jsonl", "deep/f.jsonl.gz", "state.json", "notes.txt"):
        written(home, name, b"x")
    assert names(home, home) == ["a.csv", "b.jsonl", "deep/f.jsonl.gz"]
    assert names(home / "**" / "*.jsonl*", home) == ["b.jsonl", "deep/f.jsonl.gz"]
    assert names(home / ".c.jsonl", home) == [".c.jsonl"]


def test_a_file_whose_name_looks_like_a_glob_is_itself(tmp_path):
    written(tmp_path, "a[1].jsonl", b"x")
    written(tmp_path, "a1.jsonl", b"x")
    assert names(tmp_path / "a[1].jsonl", tmp_path) == ["a[1].jsonl"]
    assert names(tmp_path / "a[12].jsonl", tmp_path) == ["a1.jsonl"]


def test_a_path_that_is_not_there_names_what_is_near_or_the_folder_that_lacks_too(tmp_path):
    written(tmp_path, "train.jsonl", b"x")
    for name, said in [
        ("trian.jsonl", f"does not exist; did you mean {tmp_path}/train.jsonl?"),
        ("zzz", "does not exist"),
        ("no/train.jsonl", f"does not exist (nor does its folder {tmp_path}/no)"),
    ]:
        with pytest.raises(UserError) as refused:
            find_files(str(tmp_path / name))
        assert str(refused.value) == f"{tmp_path / name} {said}"


@pytest.mark.parametrize("suffix", [None, *COMPRESSED])
def test_content_is_what_was_packed(tmp_path, suffix):
    content = bytes(range(256)) * 5000
    path = written(tmp_path, "a", COMPRESSED[suffix](content) if suffix else content)
    with open_content(str(path), suffix and suffix[1:]) as stream:
        assert stream.read(7) + stream.read() == content
    with open_bytes(f"file://{path}") as stream:
        assert stream.read() == path.read_bytes()


@pytest.mark.parametrize("read_at_once", [1, 3, 1 << 14])
def test_frames_of_zstandard_are_read_over_the_ends_of_what_is_read_at_once(read_at_once):
    class Slow(io.BytesIO):
        def read(self, _size=-1, /):
            return super().read(read_at_once)

    frames = [zstandard.ZstdCompressor().compress(text) for text in (b"one ", b"", b"two ", b"x" * 100_000)]
    with decompressed(Slow(b"".join(frames)), "zst") as content:
        assert content.read() == b"one two " + b"x" * 100_000
    with decompressed(Slow(b""), "zst") as content:
        assert content.read() == b""
    with decompressed(Slow(b"".join(frames)[:-1]), "zst") as content, pytest.raises(EOFError):
        content.read()


def test_an_error_says_from_where_a_relative_path_was_looked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=rf"^rows\.jsonl does not exist; it was looked for from {tmp_path}$"):
        find_files("rows.jsonl")
    with pytest.raises(UserError, match=r"rows\.jsonl does not exist$"):
        find_files(str(tmp_path / "rows.jsonl"))
