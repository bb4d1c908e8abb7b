"""Languages under the names that files have for them."""

import pytest

from pipelines.sources.adapters.language_names import code_of


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("en", "en"),
        ("EN", "en"),
        ("en-US", "en"),
        ("en_GB.UTF-8", "en"),
        ("eng", "en"),
        ("English", "en"),
        (" english ", "en"),
        ("English (US)", "en"),
        ("Chinese", "zh"),
        ("zh-Hans-CN", "zh"),
        ("zho_Hans", "zh"),
        ("cn", "zh"),
        ("中文", "zh"),
        ("Deutsch", "de"),
        ("Français", "fr"),
        ("Tiếng Việt", "vi"),
        ("fi", "fi"),
        ("haw", "haw"),
        ("mathematics", None),
        ("0", None),
        pytest.param("aa" + ".1" * 20_000 + "é", None, id="nearly a code"),
        ("en'; DROP", None),
        ("<b>", None),
    ],
)
def test_a_language_is_known_by_code_and_by_name(written, code):
    assert code_of(written) == code
