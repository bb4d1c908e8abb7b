import errno
import os
from pathlib import Path

import pytest

from pipelines.engine.disk import full_disk_in_one_line, unwritable_in_one_line
from schemas.exits import RunFailedError, UserError


def os_error(number):
    return OSError(number, os.strerror(number))


@pytest.mark.parametrize(
    "error",
    [
        os_error(errno.ENOSPC),
        os_error(errno.EDQUOT),
        RuntimeError(f"worker 3: [Errno {errno.ENOSPC}] {os.strerror(errno.ENOSPC)} [while running 'write']"),
    ],
)
def test_a_full_disk_is_one_line_that_says_what_to_do(error):
    with pytest.raises(RunFailedError) as failed, full_disk_in_one_line(Path("data"), advice="free some"):
        raise error
    assert str(failed.value) == "data: the disk is full; free some"
    assert failed.value.__cause__ is error


def test_a_file_beyond_what_a_process_may_write_is_one_line():
    with pytest.raises(RunFailedError) as failed, full_disk_in_one_line(Path("data"), advice="mend it"):
        raise RuntimeError(f"OSError: [Errno {errno.EFBIG}] Error writing bytes to file [while running 'write parts']")
    assert str(failed.value) == "data: a file is larger than this process may write (ulimit -f); mend it"


@pytest.mark.parametrize(("number", "fault"), [(errno.EROFS, "is read-only"), (errno.EIO, "cannot be read or written")])
def test_a_disk_that_fails_is_one_line(number, fault):
    with pytest.raises(RunFailedError) as failed, full_disk_in_one_line(Path("data"), advice="mend it"):
        raise os_error(number)
    assert str(failed.value) == f"data: the disk {fault}; mend it"


def test_a_folder_in_the_place_of_a_file_is_one_line_in_workers_too():
    for error in (os_error(errno.EISDIR), RuntimeError(f"[Errno {errno.EISDIR}] {os.strerror(errno.EISDIR)}: 'x'")):
        with pytest.raises(RunFailedError) as failed, full_disk_in_one_line(Path("data"), advice="mend it"):
            raise error
        assert str(failed.value) == "data: a folder stands where one of its files should be; mend it"
    with (
        pytest.raises(UserError, match="data: cannot be written: Is a directory"),
        unwritable_in_one_line(Path("data")),
    ):
        raise os_error(errno.EISDIR)


@pytest.mark.parametrize(
    "error",
    [os_error(errno.EACCES), RuntimeError(f"Errno {errno.ENOSPC}7"), RuntimeError("x"), ValueError("disk full")],
)
def test_any_other_error_goes_through(error):
    with pytest.raises(type(error)) as raised, full_disk_in_one_line(Path("data"), advice="free some"):
        raise error
    assert raised.value is error


def test_the_kernels_own_full_disk_is_known():
    with (
        pytest.raises(RunFailedError, match=r"^data: the disk is full; mend it and run the same command, or choose"),
        unwritable_in_one_line(Path("data")),
        Path("/dev/full").open("w") as file,
    ):
        file.write("x")


def test_a_place_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    for spoiled, why in [
        (lambda: (tmp_path / "file" / "inner").mkdir(), "Not a directory"),
        (lambda: (tmp_path / "file").mkdir(), "File exists"),
        (lambda: (tmp_path / "no" / "such").write_text(""), "No such file or directory"),
        (lambda: tmp_path.write_text(""), "Is a directory"),
    ]:
        with pytest.raises(UserError) as refused, unwritable_in_one_line(tmp_path):
            spoiled()
        assert str(refused.value) == f"{tmp_path}: cannot be written: {why}; choose another place"


def test_a_disk_that_is_read_only_from_the_start_is_another_place_to_choose():
    said = "data: cannot be written: Read-only file system; choose another place"
    with pytest.raises(UserError, match=said), unwritable_in_one_line(Path("data")):
        raise os_error(errno.EROFS)


def test_nothing_is_said_when_nothing_goes_wrong():
    with unwritable_in_one_line(Path("data")), full_disk_in_one_line(Path("data"), advice=""):
        pass
