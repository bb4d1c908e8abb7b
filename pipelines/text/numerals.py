"""Numbers in running text: in digits, and in English words.

`three` and `3` are one number. `one` is none of them (it is an article more often than a number), and neither are
`half`, `twice` or `dozen`: those are quantity words, which rewordings keep and which `identity` compares as words.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.text.arrays import changed_where

NUMBER = re.compile(r"\d+(?:\.\d+)?|(?<![\w.])\.\d+")
"""A number in digits, thousands separators already gone; a sign is an operator and no part of it."""

_UNITS = {
    word: value
    for value, word in enumerate(
        [
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ],
        start=2,
    )
}
_TENS = {
    word: 10 * value
    for value, word in enumerate(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], start=2
    )
}
_SCALES = {"hundred": 100, "thousand": 1_000, "million": 1_000_000}
WORD_VALUES = {**_UNITS, **_TENS, **_SCALES}
"""The value of every single number word."""

_WORD = "|".join(WORD_VALUES)
_NUMBER_WORDS = re.compile(rf"(?:{_WORD})(?:(?:-| |-one | and )(?:{_WORD}))*(?:-one)?(?![a-z])")
_ANY_NUMBER_WORD = rf"\b(?:{_WORD})\b"
_TIED_NUMBER_WORD = rf"(?:{_WORD})(?:-one|(?:-| | and )(?:{_WORD})|[0-9_])|[0-9_](?:{_WORD})|[^\x00-\x7f]"
_SPLIT = re.compile(r"[a-z]+")


def number_words(text: str, replace: Callable[[Decimal], str]) -> str:
    """Replaces every run of number words in lower-case text by what `replace` makes of its value."""

    def replaced(run: re.Match[str]) -> str:
        if run.start() and text[run.start() - 1].isalpha():
            return run[0]
        return "".join(replace(value) for value in _values(run[0]))

    return _NUMBER_WORDS.sub(replaced, text)


def in_digits(texts: pa.Array, languages: Sequence[str]) -> pa.Array:
    """Writes the digits of every script as ours, and the number words of each text in digits.

    Texts are in lower case, languages ISO 639-1 codes.
    """
    texts = changed_where(texts, _ANY_OTHER_DIGIT, plain_digits)
    codes = pa.array(languages, pa.string())
    for language in pc.unique(codes).to_pylist():
        pattern = _ANY_NUMBER_WORD if language == "en" else _SOUGHT.get(language)
        if pattern is None:
            continue
        spelled = pc.and_(pc.equal(codes, language), pc.match_substring_regex(texts, pattern))
        if pc.any(spelled).as_py():
            plain = [_written(text, language) for text in texts.filter(spelled).to_pylist()]
            texts = pc.replace_with_mask(texts, spelled, pa.array(plain, texts.type))
    return texts


def plain_digits(text: str) -> str:
    """Writes the digits of every script as ours."""
    return _OTHER_DIGIT.sub(lambda digit: str(unicodedata.decimal(digit[0])), text)


def _written(text: str, language: str) -> str:
    if language == "en":
        return number_words(text, lambda value: f" {value:f} ")
    if language in _IDEOGRAPHIC:
        return re.sub(_IDEOGRAMS, lambda run: f" {_ideographic(run[0])} ", text)
    if language in _DOZENS:
        text = _COUNTED_BEHIND.sub(r"\1 dazeni", text) if language == "sw" else text
        text = re.sub(_DOZENS[language] + _NOT_BEHIND.get(language, ""), " dozen ", text)
    if language == "th":
        return re.sub(_THAI_NUMBER, lambda run: f" {_ideographic(_in_ideograms(run[0]))} ", text)
    if language == "sw":
        text = _SWAHILI_SUM.sub(_swahili, text)
    return re.sub(_FOREIGN[language], lambda word: f" {_WORDS[language][word[1]]} ", text)


def _swahili(sum_: re.Match[str]) -> str:
    """Reads kumi na mbili as 12 and mia tatu as 300."""
    tens, hundred, unit = sum_.groups()
    value = _WORDS["sw"][unit]
    return f" {100 * value if hundred else _WORDS['sw'][tens] + value} "


def _in_ideograms(run: str) -> str:
    """Writes a Thai number in Chinese signs: they count alike."""
    return re.sub(_THAI_WORD, lambda word: _THAI[word[0]], run)


def _ideographic(run: str) -> int:
    """Reads 二十五 as 25 and 三百 as 300."""
    total, digit = 0, 0
    for sign in run:
        if sign in _SCALE_SIGNS:
            total = (total + digit) * 10_000 if sign == "万" else total + (digit or 1) * _SCALE_SIGNS[sign]
            digit = 0
        else:
            digit = digit * 10 + _DIGIT_SIGNS[sign]
    return total + digit


_OTHER_DIGIT, _ANY_OTHER_DIGIT = re.compile(r"(?![0-9])\d"), r"[^\P{Nd}0-9]"  # Python's and RE2's
_SWAHILI = {"wili": 2, "tatu": 3, "nne": 4, "tano": 5, "nane": 8}
_SPELLED = (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 15, 20, 30, 40, 50, 100)
_LISTS = {
    "de": "zwei drei vier fünf sechs sieben acht neun zehn elf zwölf fünfzehn zwanzig dreißig vierzig fünfzig hundert",
    "fr": "deux trois quatre cinq six sept huit neuf dix onze douze quinze vingt trente quarante cinquante cent",
    "es": "dos tres cuatro cinco seis siete ocho nueve diez once doce quince veinte treinta cuarenta cincuenta cien",
    "it": "due tre quattro cinque sei sette otto nove dieci undici dodici quindici venti trenta quaranta cinquanta"
    " cento",
    "pt": "dois três quatro cinco seis sete oito nove dez onze doze quinze vinte trinta quarenta cinquenta cem",
    "nl": "twee drie vier vijf zes zeven acht negen tien elf twaalf vijftien twintig dertig veertig vijftig honderd",
    "ru": "два три четыре пять шесть семь восемь девять десять одиннадцать двенадцать пятнадцать двадцать тридцать"
    " сорок пятьдесят сто",
    "bn": "দুই তিন চার পাঁচ ছয় সাত আট নয় দশ এগারো বারো পনেরো বিশ ত্রিশ চল্লিশ পঞ্চাশ একশ",
    "te": "రెండు మూడు నాలుగు ఐదు ఆరు ఏడు ఎనిమిది తొమ్మిది పది పదకొండు పన్నెండు పదిహేను ఇరవై ముప్పై నలభై యాభై వంద",
    "hi": "दो तीन चार पांच छह सात आठ नौ दस ग्यारह बारह पंद्रह बीस तीस चालीस पचास सौ",
}
_WORDS = {language: dict(zip(words.split(), _SPELLED, strict=True)) for language, words in _LISTS.items()}
_SWAHILI_TENS = {"kumi": 10, "ishirini": 20, "thelathini": 30, "arobaini": 40, "hamsini": 50, "mia": 100}
# Twice and half are both 2 where texts are compared by value (`decontaminate.quantities`).
_TWOS = {
    "bn": "দ্বিগুণ অর্ধেক", "te": "రెట్టింపు సగం", "hi": "दोगुना दोगुने दुगुना आधा आधे आधी", "de": "doppelt doppelte hälfte halb",
    "fr": "double moitié", "es": "doble mitad", "it": "doppio metà", "pt": "dobro metade", "nl": "dubbele helft",
    "ru": "вдвое половина половину половины",
}  # fmt: skip
_WORDS = {language: words | dict.fromkeys(_TWOS[language].split(), 2) for language, words in _WORDS.items()}
_WORDS["bn"] |= {
    "দুটি": 2, "দুটো": 2, "দুজন": 2, "তিনটে": 3, "চারটে": 4, "তেরো": 13, "চৌদ্দ": 14, "ষোলো": 16, "সতেরো": 17, "আঠারো": 18,
    "উনিশ": 19, "পঁচিশ": 25, "ষাট": 60, "সত্তর": 70, "আশি": 80, "নব্বই": 90,
}  # fmt: skip
_WORDS["bn"] = {unicodedata.normalize("NFC", word): value for word, value in _WORDS["bn"].items()}
_PREFIXES = ("", "wa", "vi", "mi", "ma")  # of what is counted: watoto watatu
_WORDS["sw"] = {"mbili": 2, "nusu": 2, "sita": 6, "saba": 7, "tisa": 9, **_SWAHILI_TENS} | {
    f"{prefix}{stem}": value for prefix in _PREFIXES for stem, value in _SWAHILI.items()
}
_DIGIT_SIGNS = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {"两": 2}
_SCALE_SIGNS = {"十": 10, "百": 100, "千": 1000, "万": 10_000}
_IDEOGRAPHIC = ("zh", "ja")
_IDEOGRAMS = "[二三四五六七八九两十百千万][零一二三四五六七八九两十百千万]*|一[十百千万零一二三四五六七八九]+"
_LONGEST_FIRST = {language: "|".join(sorted(words, key=len, reverse=True)) for language, words in _WORDS.items()}
_LETTERS = r"\w\u0900-\u0963\u0970-\u0d7f"  # vowel signs of Indian scripts too, which Python counts for no letters
_SUFFIXES = {"bn": r"(?:(?:টি|টা|জন|প্রতি)[\u0980-\u09ff]*)?"}
_FOREIGN = {
    language: rf"(?<![{_LETTERS}])({words}){_SUFFIXES.get(language, '')}(?![{_LETTERS}])"
    for language, words in _LONGEST_FIRST.items()
}
_SWAHILI_UNITS = "|".join(word for word, value in _WORDS["sw"].items() if value < 10)
_SWAHILI_SUM = re.compile(rf"(?<!\w)(?:({'|'.join(_SWAHILI_TENS)}) na|(mia)) ({_SWAHILI_UNITS})(?!\w)")
_NOT_BEHIND = {"th": "(?!ด)"}  # of a dozen: then it is the end of `download`
_COUNTED_BEHIND = re.compile(rf"(?<!\w)dazeni (\d+|{_LONGEST_FIRST['sw']})(?!\w)")
_DOZENS = {
    "bn": "ডজন", "th": "โหล", "sw": "dazeni", "hi": "दर्जन", "te": "డజను", "de": "dutzend", "fr": "douzaines?",
    "es": "docenas?", "it": "dozzin[ae]", "pt": "dúzias?", "nl": "dozijn", "ru": "дюжин[аыу]?",
}  # fmt: skip
_THAI = dict(
    zip(
        ["หนึ่ง", "เอ็ด", "ยี่", "สอง", "สาม", "สี่", "ห้า", "หก", "เจ็ด", "แปด", "เก้า", "สิบ", "ร้อย", "พัน", "หมื่น"],
        "一一二二三四五六七八九十百千万",
        strict=True,
    )
)  # both count in tens, and Thai has two words for one and two
_THAI_WORD = "|".join(_THAI)
_THAI_NUMBER = rf"(?:{_THAI_WORD})+(?<!หนึ่ง)|(?:{_THAI_WORD}){{2,}}"
_SOUGHT = dict.fromkeys(_IDEOGRAPHIC, _IDEOGRAMS) | {
    language: "|".join(filter(None, (words, _DOZENS.get(language))))
    for language, words in (_LONGEST_FIRST | {"th": _THAI_WORD}).items()
}


def placed_words(texts: pa.Array, placeholder: str) -> pa.Array:
    """Puts a placeholder for every number in words of lower-case texts: what `number_words` does, array-wise.

    Words that stand alone, nearly all of them, need no Python.
    """
    worded = pc.fill_null(pc.match_substring_regex(texts, _ANY_NUMBER_WORD), False)
    if not pc.any(worded).as_py():
        return texts
    rows = texts.filter(worded)
    placed = pc.replace_substring_regex(rows, _ANY_NUMBER_WORD, placeholder)
    tied = pc.match_substring_regex(rows, _TIED_NUMBER_WORD)
    replaced = [number_words(text, lambda _: placeholder) for text in rows.filter(tied).to_pylist()]
    placed = pc.replace_with_mask(placed, tied, pa.array(replaced, texts.type))
    return pc.replace_with_mask(texts, worded, placed)


def value_of(number: str) -> Decimal:
    """The value of a number in digits: `007`, `7.0` and `7` are equal."""
    return Decimal(number).normalize()


def _values(run: str) -> list[Decimal]:
    """Reads `twenty-five` as 25, `two hundred thousand` as 200000, and `five ten` as two numbers."""
    values: list[int] = []
    addable = 1
    for word in _SPLIT.findall(run):
        if word == "and":
            continue
        if word in _SCALES and values:
            values[-1] *= _SCALES[word]
            addable = _SCALES[word]
            continue
        value = 1 if word == "one" else _SCALES.get(word) or _TENS.get(word) or _UNITS[word]
        if values and value < addable:
            values[-1] += value
        else:
            values.append(value)
        addable = value if word in _SCALES else 10 if word in _TENS else 1
    return [Decimal(value).normalize() for value in values]
