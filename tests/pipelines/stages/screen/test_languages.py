import re

import pytest

from pipelines.sources.files.scan import read_records, scan
from pipelines.stages.screen.languages import LATIN, NOT_LATIN, wrong_script

CHINESE = "小明有3个苹果，小红有5个苹果，两人一共有多少个苹果？"
RUSSIAN = "У Маши было три яблока, у Пети пять яблок. Сколько всего яблок?"
SAMPLES = {
    "en": "Tom has three apples and buys five more.",
    "vi": "Lan có ba quả táo và mua thêm năm quả nữa.",
    "ru": RUSSIAN,
    "ar": "لدى سامي ثلاث تفاحات واشترى خمس تفاحات أخرى",
    "he": "לדני שלושה תפוחים והוא קונה עוד חמישה",
    "hi": "राम के पास तीन सेब हैं और वह पाँच और खरीदता है",
    "bn": "রামের কাছে তিনটি আপেল আছে এবং সে আরও পাঁচটি কেনে",
    "ta": "ராமிடம் மூன்று ஆப்பிள்கள் உள்ளன",
    "te": "రాము దగ్గర మూడు ఆపిల్స్ ఉన్నాయి",
    "th": "สมชายมีแอปเปิลสามผลและซื้ออีกห้าผล",
    "ko": "철수는 사과 세 개를 가지고 있고 다섯 개를 더 산다",
    "ja": "太郎はりんごを三つ持っていて、さらに五つ買います",
    "zh": CHINESE,
}
SHARED = {("zh", "ja")}  # a Chinese text has the letters that Japanese is written in


@pytest.mark.parametrize("written", SAMPLES)
def test_a_text_is_right_in_its_own_language_and_wrong_in_those_of_other_scripts(written):
    latin = {"en", "vi"}
    for language in SAMPLES:
        right = language == written or {language, written} <= latin or (written, language) in SHARED
        assert (wrong_script(SAMPLES[written], language) is None) == right, language


def test_the_detail_counts_the_letters_and_names_the_script_that_most_are_of():
    assert wrong_script(RUSSIAN, "en") == "49 of 49 letters are not Latin but mostly Cyrillic; the language is en"
    assert wrong_script("Tom has three apples.", "ja") == (
        "17 of 17 letters are not Kana or Han but mostly Latin; the language is ja"
    )


@pytest.mark.parametrize(
    ("text", "language", "wrong"),
    [
        ("абвгдежзикл", "zh", False),  # eleven letters may be names
        ("абвгдежзиклм", "zh", True),
        ("果果果", "en", False),  # three signs say as much as nine letters
        ("果果果果", "en", True),
        ("果果果果 apple", "en", True),  # 12 of 17
        ("果果果果 apples", "en", False),  # 12 of 18
        ("", "zh", False),
    ],
)
def test_few_letters_are_names_and_a_third_of_ones_own_makes_the_text_bilingual(text, language, wrong):
    assert (wrong_script(text, language) is not None) == wrong


@pytest.mark.parametrize(
    "text",
    [
        "$abcdefghijklmnop$",
        "\\[ abcdefghijklmnop \\] 果",
        "\\begin{align} abcdefghijklmnop \\end{align}",
        "[asy] drawcircleandlabel; [/asy]",
        "```python\nprint(abcdefghijklmn)\n```",
        "\\alphabetagammadeltaepsilon",
        "\\boxed{abcdefghijklmnop}",
        "https://example.org/abcdefgh",
        "a b c d e f g h i j k l m n o p",
        "12345 + 67890 = αβγδεζηθικλμνξο",
    ],
)
def test_formulas_programs_and_addresses_belong_to_every_language(text):
    assert wrong_script(text, "zh") is None


def test_a_language_that_is_not_listed_is_never_wrong():
    assert wrong_script(RUSSIAN, "xx") is None
    assert "de" in LATIN


def test_a_letter_of_another_script_is_told_by_one_expression():
    assert re.findall(NOT_LATIN, "aé ж 果 か π 한 1") == ["ж", "果", "か", "한"]


def test_scripts_of_translated_problems_are_told_apart(real_data):
    def questions(language: str) -> list[str]:
        files = scan(str(real_data / "multiling" / f"mgsm_{language}.tsv"), header=False)
        splits = [split for file in files for split in file.splits]
        return [record.value["0"] for split in splits for record in read_records(split) if record.value is not None]

    for written_in in ("en", "zh", "de", "fr", "es", "ja"):
        texts = questions(written_in)
        assert len(texts) == 250
        assert not any(wrong_script(text, written_in) for text in texts)
        assert all(wrong_script(text, "ru") for text in texts)
    assert sum(wrong_script(text, "en") is not None for text in questions("zh")) == 250
    assert all(wrong_script(text, "zh") for text in questions("de"))
