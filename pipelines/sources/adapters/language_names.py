"""What files call languages: codes of ISO 639 in two or three letters, also with a region, and names of languages."""

import re

_CODE = re.compile(r"([a-z]{2,3})(?:[-_.][a-z0-9]{1,16}+)*+")
_NAMES = {
    "ar": "arabic العربية ara",
    "bn": "bengali bangla বাংলা ben",
    "de": "german deutsch deu ger",
    "en": "english eng",
    "es": "spanish español castellano spa",
    "fr": "french français fra fre",
    "hi": "hindi हिन्दी hin",
    "it": "italian italiano ita",
    "ja": "japanese 日本語 jpn jp",
    "ko": "korean 한국어 kor kr",
    "nl": "dutch nederlands nld dut",
    "pl": "polish polski pol",
    "pt": "portuguese português por",
    "ru": "russian русский rus",
    "sw": "swahili kiswahili swa",
    "te": "telugu తెలుగు tel",
    "th": "thai ไทย ภาษาไทย tha",
    "tr": "turkish türkçe tur",
    "vi": "vietnamese việt tiếng vie",
    "zh": "chinese mandarin 中文 汉语 漢語 zho chi cmn cn",
}
_CODES = {name: code for code, names in _NAMES.items() for name in names.split()}


def code_of(language: str) -> str | None:
    """Returns `en` for `en`, `EN`, `en-US`, `en_US.UTF-8`, `eng` or `English`; None for what names no language.

    A code that is not in the table stays as it is: whether rows of that language can be read is asked elsewhere.
    """
    name = language.strip().lower()
    found = _CODES.get(name) or _CODES.get(re.split(r"[\s(,;]", name, maxsplit=1)[0])
    if found is not None:
        return found
    code = _CODE.fullmatch(name)
    return None if code is None else _CODES.get(code[1], code[1])
