"""Where the modules of own rules stand, and what the hash of their source covers."""

from pathlib import Path

import pytest

from schemas.own_sources import digest_of, find_source
from tests.tiny import write_modules


@pytest.mark.parametrize(
    ("changed", "anew"),
    [("taste", True), ("kitchen/pot", True), ("kitchen/lid", True), ("kitchen/__init__", True), ("cellar", False)],
)
def test_the_hash_covers_what_a_module_imports_from_its_folder(changed: str, anew: bool, tmp_path: Path) -> None:
    modules = {
        "taste": "import json\nimport numpy\nfrom mathmill import Candidate\nfrom kitchen.pot import CODE",
        "kitchen/__init__": "",
        "kitchen/pot": "from . import lid\nfrom ....beyond import nothing",
        "kitchen/lid": "",
        "cellar": "",
    }
    source = find_source("taste", [write_modules(tmp_path, modules)])
    assert source is not None
    before = digest_of(source)
    assert digest_of(source) == before
    write_modules(tmp_path, {changed: modules[changed] + "\n# another day"})
    assert (digest_of(source) != before) is anew


def test_an_installed_module_is_found_and_a_package_without_a_source_is_none(tmp_path: Path) -> None:
    installed = find_source("numpy.linalg", [tmp_path])
    assert installed is not None
    assert (installed.file.parts[-2:], installed.folder) == (("linalg", "__init__.py"), None)
    assert len(digest_of(installed)) == 32
    assert find_source("numpy.no_such", [tmp_path]) is None
    assert find_source("no_such.numpy", [tmp_path]) is None
