import subprocess
import urllib.request
from pathlib import Path

import pytest

from pipelines.review.opened import OpenedData
from pipelines.review.serve import Asked, decisions_folder, queues_of
from tests.pipelines.review.reviewing import command, served


def test_decisions_stand_beside_the_data_set(tmp_path: Path) -> None:
    assert decisions_folder(tmp_path / "data", None) == tmp_path / "data.reviews"
    assert decisions_folder(Path("s3://bucket/data"), None) == Path("data.reviews")
    assert decisions_folder(tmp_path / "data", tmp_path / "mine") == tmp_path / "mine"


def test_the_queues_of_a_data_set(opened: OpenedData) -> None:
    assert [queue.name.value for queue in queues_of(opened, Asked())] == ["quarantined", "doubtful", "audit"]


def test_the_page_is_served_on_this_machine_and_ends_by_ctrl_c(questionable: Path, tmp_path: Path) -> None:
    with served(questionable, tmp_path / "reviews", "--by", "ana") as page:
        assert page.url.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(page.url) as answer:
            assert "arithmetic error" in answer.read().decode()
        second = subprocess.run(
            command(questionable, "--decisions", str(tmp_path / "reviews")), capture_output=True, text=True, check=False
        )
        assert second.returncode == 2
        assert "another `mathmill review` has these decisions open" in second.stderr
        assert second.stderr.count("\n") == 1
    assert page.process.returncode == 130


def test_over_a_network_the_address_holds_a_token(questionable: Path, tmp_path: Path) -> None:
    with served(questionable, tmp_path / "reviews", "--host", "0.0.0.0") as page:
        assert "/?token=" in page.url
        port = page.url.split(":")[2].split("/")[0]
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/")
