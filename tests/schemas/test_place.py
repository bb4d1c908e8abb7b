"""Places behind URLs: one contract over fsspec's memory and a real S3 API, and what a store can do to it."""

import pickle
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from schemas.exits import RunFailedError, UserError
from schemas.place import (
    Place,
    located,
    on_this_machine,
    public_name,
    reached,
    require_lasting,
    require_writable,
    sending,
)
from schemas.stores import _hub_answers
from tests.hub_server import asked_here
from tests.store_server import StoreServer, cut_short, forbidden, gone, trickling, unavailable

TEXT = b"".join(b"%d\n" % number for number in range(20_000))


@pytest.fixture(params=["memory", "s3"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    root = f"memory://{tmp_path.name}" if request.param == "memory" else request.getfixturevalue("bucket")
    return Place(f"{root}/data")


def test_what_is_written_is_read_whole_and_in_ranges(folder: Place) -> None:
    (folder / "a.txt").write(TEXT)
    assert (folder / "a.txt").read() == TEXT
    assert (folder / "a.txt").read(5, 12) == TEXT[5:12]
    assert (folder / "a.txt").read(0, 3) == TEXT[:3]
    with (folder / "a.txt").open() as stream:
        stream.seek(70_000)
        assert stream.readline() == TEXT[70_000:].partition(b"\n")[0] + b"\n"
    assert (folder / "a.txt").sha256() == sha256(TEXT).hexdigest()


def test_a_file_comes_and_goes_whole(folder: Place, tmp_path: Path) -> None:
    (tmp_path / "here").write_bytes(TEXT)
    (folder / "there").send(tmp_path / "here")
    assert (folder / "there").fetch(tmp_path / "back") == (folder / "there").sha256()
    assert (tmp_path / "back").read_bytes() == TEXT
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["back", "here"]


def test_a_folder_lists_what_lies_below_it(folder: Place) -> None:
    for name in ("b.txt", "x/y/c.txt", "a.csv"):
        (folder / name).write(name.encode())
    assert folder.files() == {"a.csv": 5, "b.txt": 5, "x/y/c.txt": 9}
    assert (folder / "**/*.txt").glob() == [folder / "b.txt", folder / "x/y/c.txt"]
    assert (folder / "*.txt").glob() == [folder / "b.txt"]
    assert folder.is_folder()
    assert not (folder / "b.txt").is_folder()


def test_nothing_is_no_error_to_whoever_asks_whether_it_is_there(folder: Place) -> None:
    nothing = folder / "nothing"
    assert (nothing.exists(), nothing.is_folder(), nothing.files()) == (False, False, {})
    nothing.remove()
    for look in (nothing.read, nothing.open, nothing.modified, nothing.stamp, nothing.sha256):
        with pytest.raises(FileNotFoundError):
            look()


def test_a_written_file_is_there_until_it_is_removed(folder: Place) -> None:
    (folder / "a").write(b"1")
    assert (folder / "a").exists()
    (folder / "a").write(b"22")
    assert (folder / "a").read() == b"22"
    (folder / "a").remove()
    assert not (folder / "a").exists()


def test_times_are_the_stores(folder: Place) -> None:
    (folder / "a").write(b"1")
    (folder / "b").write(b"1")
    assert abs(((folder / "b").modified() - (folder / "a").modified()).total_seconds()) < 60


def test_a_file_that_is_written_again_has_another_stamp(folder: Place) -> None:
    (folder / "a").write(b"1")
    stamp = (folder / "a").stamp()
    assert (folder / "a").stamp() == stamp
    (folder / "a").write(b"22")
    assert (folder / "a").stamp() != stamp


def test_workers_are_handed_a_place(folder: Place) -> None:
    (folder / "a").write(TEXT)
    assert pickle.loads(pickle.dumps(folder / "a")).read() == TEXT


def test_a_key_that_leads_out_of_its_folder_is_no_file_of_it(bucket: str) -> None:
    Place(f"{bucket}/data/good").write(b"1")
    Place(f"{bucket}/data/x/../../bad").write(b"1")
    assert Place(f"{bucket}/data").files() == {"good": 1}


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("data/x", Path("data/x")),
        ("/data", Path("/data")),
        (Path("s3/x"), Path("s3/x")),
        ("file:///data/my%20rows", Path("/data/my rows")),
        ("s3://b/data", Place("s3://b/data")),
        ("S3://b/data", Place("s3://b/data")),
        (Path("s3://b/data"), Place("s3://b/data")),
        (Path("file:///data"), Path("/data")),
        ("c:/data", Path("c:/data")),
    ],
)
def test_a_url_is_told_from_a_path(given: str | Path, found: Path | Place) -> None:
    assert located(given) == found


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("s3://key:secret@b/data?endpoint_override=h", "s3://b/data"),
        ("https://host/rows.jsonl?token=1#x", "https://host/rows.jsonl"),
        ("abfs://box:secret@account.dfs.core.windows.net/x", "abfs://box@account.dfs.core.windows.net/x"),
        ("hf://org/data?split=train&revision=abc", "hf://org/data?split=train&revision=abc"),
        ("hdfs://me@host:9000/x", "hdfs://host:9000/x"),
        ("a folder/with@sign?.jsonl", "a folder/with@sign?.jsonl"),
    ],
)
def test_a_name_holds_no_credentials(url: str, name: str) -> None:
    assert public_name(url) == name


def test_no_message_holds_credentials(store: StoreServer) -> None:
    place = Place(f"s3://key:hush@missing/data?endpoint_override={store.url}")
    with pytest.raises(UserError) as failure, reached(place):
        place.write(b"1")
    assert "hush" not in f"{failure.value}{place}{place!r}"
    assert str(failure.value).startswith("s3://missing/data cannot be reached: ")


def test_credentials_and_endpoint_may_stand_in_the_url(
    bucket: str, store: StoreServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name)
    host = store.url.removeprefix("http://")
    place = Place(f"s3://a:b@{bucket.removeprefix('s3://')}/data?scheme=http&endpoint_override={host}")
    (place / "x").write(b"1")
    assert place.files() == {"x": 1}


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("s3://missing/data", "s3://missing/data cannot be reached: "),
        ("s3://b/data?colour=red", "unknown colour in the URL; known are region, scheme, endpoint_override"),
        ("nosuch://b/data", "nosuch"),
    ],
)
def test_what_cannot_be_is_one_line(store: StoreServer, url: str, words: str) -> None:
    with pytest.raises(UserError) as failure, reached(Place(url)):
        Place(url).write(b"1")
    assert words in str(failure.value)
    assert "\n" not in str(failure.value)


def test_what_a_client_tells_its_maintainers_is_left_out() -> None:
    with pytest.raises(UserError) as failure, reached(Place("gs://b/data")):
        raise OSError(f"Status(UNAVAILABLE: no token\n\t for {'it ' * 400}) error_info={{reason=1}}")
    assert str(failure.value).startswith("gs://b/data cannot be reached: Status(UNAVAILABLE: no token for it")
    assert "error_info" not in str(failure.value)
    assert len(str(failure.value)) < 520


def test_a_hub_that_does_not_answer_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # the port of discard: nobody listens
    _hub_answers.cache_clear()
    place = Place("hf://datasets/org/data/manifest.json")
    with pytest.raises(UserError, match=f"^{place} cannot be reached: the Hugging Face hub does not"), reached(place):
        place.read()
    _hub_answers.cache_clear()


def test_a_url_is_no_folder_where_a_folder_is_meant() -> None:
    assert on_this_machine("run", "--output") == Path("run")
    with pytest.raises(UserError, match=r"^--output s3://b/run: this must be on this machine"):
        on_this_machine("s3://k:s@b/run", "--output")


def test_what_lasts_is_no_memory_of_a_process() -> None:
    for place in (Path("run"), Place("s3://b/x"), Place("file:///memory")):
        require_lasting(place)
    with pytest.raises(UserError, match=r"^memory://run: memory:// ends with this command"):
        require_lasting(Place("memory://run"))


def test_only_stores_are_written_to() -> None:
    require_writable(Place("s3://b/x"))
    with pytest.raises(UserError, match="https:// can only be read"):
        require_writable(Place("https://host/x"))


def test_a_busy_store_is_asked_again(bucket: str, store: StoreServer, tmp_path: Path) -> None:
    place = Place(f"{bucket}/a")
    for method in ("POST", "PUT", "HEAD", "GET"):
        store.fail(method, "/a", unavailable)
    place.write(TEXT)
    place.fetch(tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == TEXT


@pytest.mark.slow
def test_a_store_that_stays_busy_fails_in_one_line(bucket: str, store: StoreServer, tmp_path: Path) -> None:
    place = Place(f"{bucket}/a")
    place.write(TEXT)
    store.fail("GET", "/a", unavailable, times=99)
    with pytest.raises(UserError, match=r"s3://bucket-\w+/a cannot be reached: .*during GetObject"), reached(place):
        place.fetch(tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


def test_half_a_body_is_asked_for_again(bucket: str, store: StoreServer, tmp_path: Path) -> None:
    Place(f"{bucket}/a").write(TEXT)
    store.fail("GET", "/a", cut_short)
    Place(f"{bucket}/a").fetch(tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == TEXT


def test_half_a_body_is_never_taken_for_the_whole(bucket: str, store: StoreServer, tmp_path: Path) -> None:
    Place(f"{bucket}/a").write(TEXT)
    store.fail("GET", "/a", cut_short, times=99)
    with pytest.raises(OSError, match="during GetObject"):
        Place(f"{bucket}/a").fetch(tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


def test_a_slow_store_is_waited_for(bucket: str, store: StoreServer, tmp_path: Path) -> None:
    Place(f"{bucket}/a").write(TEXT)
    store.fail("GET", "/a", trickling, times=99)
    Place(f"{bucket}/a").fetch(tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == TEXT


def test_a_writer_that_fails_leaves_what_was_there(bucket: str, store: StoreServer) -> None:
    Place(f"{bucket}/a").write(b"old")
    store.fail("PUT", "/a", forbidden, times=99)
    with pytest.raises(OSError, match="ACCESS_DENIED"):
        Place(f"{bucket}/a").write(TEXT)
    assert Place(f"{bucket}/a").read() == b"old"


def test_half_a_file_is_not_left_behind(bucket: str, store: StoreServer, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"0" * (12 << 20))
    Place(f"{bucket}/other").write(b"1")
    store.fail("PUT", "/a", forbidden, times=99)
    place = Place(f"{bucket}/a")
    with pytest.raises(RunFailedError, match=r"ACCESS_DENIED.*; try again"), sending(place, advice="try again"):
        place.send(tmp_path / "a")
    store.heal()
    assert Place(bucket).files() == {"other": 1}


def test_a_store_that_says_no_does_not_look_empty(bucket: str, store: StoreServer) -> None:
    Place(f"{bucket}/data/a").write(b"1")
    store.fail("GET", bucket.removeprefix("s3://"), forbidden, times=99)
    with pytest.raises(OSError, match="bucket"):
        Place(f"{bucket}/data").files()


def test_a_vanished_object_is_missed(bucket: str, store: StoreServer, tmp_path: Path) -> None:
    Place(f"{bucket}/a").write(TEXT)
    store.fail("GET", "/a", gone, times=99)
    with pytest.raises(OSError, match=r"NOT_FOUND|NO_SUCH_KEY"):
        Place(f"{bucket}/a").fetch(tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def repository() -> Iterator[Place]:
    with asked_here({"org/data": {"a.txt": b"first", "deep/b.txt": b"second", "deep/er/c.bin": b"third"}}):
        yield Place("hf://datasets/org/data")


def test_a_data_set_on_the_hub_is_read_like_a_store(repository: Place, tmp_path: Path) -> None:
    assert repository.files() == {"a.txt": 5, "deep/b.txt": 6, "deep/er/c.bin": 5}
    assert (repository / "nothing").files() == {}
    assert (repository / "deep/b.txt").read() == b"second"
    assert (repository / "deep/b.txt").read(1, 4) == b"eco"
    assert [str(place) for place in Place("hf://datasets/org/data/deep/*.txt").glob()] == [f"{repository}/deep/b.txt"]
    assert (repository / "deep").is_folder()
    assert not (repository / "deep/nothing.txt").exists()
    (repository / "a.txt").fetch(tmp_path / "a.txt")
    assert (tmp_path / "a.txt").read_bytes() == b"first"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("hf://org/data/manifest.json", "a data set on the hub is hf://datasets/org/data/manifest.json"),
        ("hf://datasets/org/data/manifest.json", "org/data/manifest.json"),
        ("hf://datasets/nobody/data/manifest.json", "nobody/data/manifest.json"),
    ],
)
@pytest.mark.usefixtures("repository")
def test_what_the_hub_does_not_have_is_one_line(url: str, words: str) -> None:
    place = Place(url)
    with pytest.raises(UserError, match=f"^{place} cannot be reached: .*{words}"), reached(place):
        place.read()
