"""Files of a run mean the same on a disk and in a store."""

from pathlib import Path

import pytest

from pipelines.engine.workfiles import (
    File,
    content_of,
    is_there,
    move,
    names_below,
    remove,
    remove_below,
    write_content,
    writing,
)
from schemas.place import Place


@pytest.fixture(params=["disk", "store"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> File:
    return tmp_path / "work" if request.param == "disk" else Place(f"{request.getfixturevalue('bucket')}/work")


def test_what_is_written_is_there_until_it_is_moved_or_removed(root: File) -> None:
    assert names_below(root) == []
    write_content(root / "parts" / "b", b"two")
    write_content(root / "a", b"one")
    assert names_below(root) == ["a", "parts/b"]
    assert (is_there(root / "a"), content_of(root / "a")) == (True, b"one")
    move(root / "a", root / "moved" / "c")
    assert (is_there(root / "a"), content_of(root / "moved" / "c")) == (False, b"one")
    remove(root / "moved" / "c")
    remove(root / "moved" / "c")
    remove_below(root)
    assert names_below(root) == []
    with pytest.raises(FileNotFoundError):
        content_of(root / "a")


def test_a_file_is_whole_when_its_block_ends_well_and_else_not_there(root: File) -> None:
    with writing(root / "whole") as path:
        path.write_bytes(b"all of it")
    with pytest.raises(FileNotFoundError), writing(root / "half") as path:
        path.with_name("never").read_bytes()
    assert names_below(root) == ["whole"]
    assert content_of(root / "whole") == b"all of it"
