"""Numbers written as words: `one hundred twenty-one`, `two and a half`, 一万零五, 二分之一, 十二点五, 1万2千."""

import re
from fractions import Fraction

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_ONES = {word: value for value, word in enumerate(_SMALL.split())}
_TEN = {word: 10 * value for value, word in enumerate(_TENS.split(), 2)}
_THOUSANDS = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_NAMED_PARTS = {
    word: value
    for value, word in enumerate(["third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"], 3)
} | {"hundredth": 100, "thousandth": 1000}
_PARTS = {"half": 2, "halves": 2, "quarter": 4, "quarters": 4} | {
    f"{word}{ending}": value for word, value in _NAMED_PARTS.items() for ending in ("", "s")
}
_NUMBER_WORDS = frozenset([*_ONES, *_TEN, *_THOUSANDS, *_PARTS, "hundred", "dozen", "a", "and", "negative", "minus"])
_COUNTING = _NUMBER_WORDS - {"a", "and", "negative", "minus"} | {"none", "once", "twice", "couple"}
_NONE = frozenset([
    "keine", "keiner", "keins", "ninguno", "ninguna", "aucun", "aucune", "nenhum", "nenhuma", "nessuno", "nessuna",
    "geen", "żaden", "żadna", "нет", "ни одного", "yok", "không có", "なし", "无", "没有",
])  # fmt: skip
_ELSEWHERE = (
    "cero uno dos tres cuatro cinco seis siete ocho nueve diez _ doce trece catorce quince",
    "zéro _ deux trois quatre cinq _ _ huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit"
    " dix-neuf vingt",
    "_ eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn"
    " achtzehn neunzehn zwanzig",
    "_ _ due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici quindici sedici diciassette"
    " diciotto diciannove venti",
    "_ _ dois três quatro cinco _ sete oito nove dez onze doze treze quatorze quinze dezesseis dezessete dezoito"
    " dezenove vinte",
    "ноль один два три четыре пять шесть семь восемь девять десять одиннадцать двенадцать тринадцать четырнадцать"
    " пятнадцать шестнадцать семнадцать восемнадцать девятнадцать двадцать",
)
FOREIGN = {word: value for words in _ELSEWHERE for value, word in enumerate(words.split()) if word != "_"}
"""es, fr, de, it, pt, ru, in turn; without what is a word of English, or of a month, too: once, six, sept, null"""
_AND_PART = re.compile(r"(-?\d+) and (?:(a half)|(\d+)/(\d+))\Z")

_CJK_DIGITS = {character: value for value, character in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_CJK_UNITS = {"十": 10, "百": 100, "千": 1000}
_CJK_GROUPS = {"万": 10**4, "亿": 10**8}
_CJK_NUMBER = re.compile(r"负?[\d.零〇一二两三四五六七八九十百千万亿]+(?:点[零〇一二三四五六七八九]+)?")
_CJK_COUNTING = frozenset([*_CJK_DIGITS, *_CJK_UNITS, *_CJK_GROUPS, *"半第廿壹贰叁肆伍陆柒捌玖拾佰仟"])
_CJK_BETWEEN = _CJK_COUNTING | frozenset("又分个")
LONGEST_NUMERAL = 100  # characters of a number in Chinese
_CJK_TOKEN = re.compile(r"\d+(?:\.\d+)?|.")

_ORDINAL = re.compile(r"(?:the )?(\d{1,6})(?:st|nd|rd|th)(?: (?:place|position|day|term|row|floor))?\Z")
_ORDINALS = (
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh"),
    *("twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth"),
    "twentieth",
)


def read_english(phrase: str) -> tuple[Fraction, str] | None:
    """Reads the number that a phrase of lower-case words begins with.

    Returns:
        The number and the words behind it; None when it begins with no number, or with one that has two readings.
    """
    mixed = _AND_PART.match(phrase)
    if mixed:
        whole, half, above, below = mixed.groups()
        part = Fraction(1, 2) if half else Fraction(int(above), int(below) or 1)
        return (int(whole) + (-part if whole.startswith("-") else part), "") if 0 < part < 1 else None
    words = phrase.replace("-", " ").split()
    count = next((i for i, word in enumerate(words) if word not in _NUMBER_WORDS), len(words))
    while count and words[count - 1] in ("a", "and"):
        count -= 1
    value = _english([word for word in words[:count] if word != "a" or words[0] != "half"]) if count else None
    rest = " ".join(words[count:])
    return None if value is None or (rest and not phrase.endswith(f" {rest}")) else (value, rest)  # `twenty-first`


def read_ordinal(text: str) -> int | None:
    """Reads `5th place` and `the fifth`; None for any other text."""
    match = _ORDINAL.match(text)
    if match is not None:
        return int(match.group(1))
    word = text.lower().removeprefix("the ")
    return _ORDINALS.index(word) + 1 if word in _ORDINALS else None


def may_count(words: str) -> bool:
    """Says whether words that are not read as a number speak of one all the same."""
    if words in _NONE:
        return True
    if words.isascii():
        return _ORDINAL.match(words) is not None or not _COUNTING.isdisjoint(words.replace("-", " ").split())
    return words[0] in _CJK_COUNTING and (len(words) <= 2 or words[1] in _CJK_BETWEEN)


def _english(words: list[str]) -> Fraction | None:
    if words[0] in ("negative", "minus"):
        value = _english(words[1:]) if len(words) > 1 else None
        return None if value is None else -value
    if words == ["half", "dozen"]:
        return Fraction(6)
    if words[-1] in _PARTS:
        *counted, part = words
        if "and" in counted:
            at = len(counted) - 1 - counted[::-1].index("and")
            whole, parts = _whole(counted[:at]), counted[at + 1 :]
        else:
            whole, parts = 0, counted
        fraction = 1 if parts == ["a"] or (part in ("half", "quarter") and not parts) else _whole(parts)
        if whole is None or fraction is None or not 0 < fraction < _PARTS[part]:
            return None
        return whole + Fraction(fraction, _PARTS[part])
    count = _whole(words)
    return None if count is None else Fraction(count)


def _whole(words: list[str]) -> int | None:
    """Reads `two million three hundred and five`, `twenty one`, `a hundred`; None for anything out of order."""
    total, current, below, last = 0, 0, 10**15, 100
    for position, word in enumerate(words):
        if word == "and":
            if not position or position == len(words) - 1 or last != 100:
                return None
        elif word == "a" and position == 0 and len(words) > 1:
            current, last = 1, 1
        elif word in _TEN and last >= 100:
            current, last = current + _TEN[word], 10
        elif word in _ONES and (last >= 100 or (last == 10 and 0 < _ONES[word] < 10)):
            current, last = current + _ONES[word], 1
        elif word == "hundred" and 0 < current < 100 and last < 100:
            current, last = current * 100, 100
        elif word == "dozen" and position == len(words) - 1 and current:
            return total + current * 12
        elif word in _THOUSANDS and current and _THOUSANDS[word] < below:
            below = _THOUSANDS[word]
            total, current, last = total + current * below, 0, 100
        else:
            return None
    return total + current if words else None


def read_chinese(text: str) -> Fraction | None:
    """Reads a Chinese numeral: 一百二十, 一万零五, 一又二分之一, 负三, 3万5千; digits may stand for characters."""
    if len(text) > LONGEST_NUMERAL:
        return None
    whole, mixed, fraction = text.partition("又")
    if mixed:
        count, part = read_chinese(whole), read_chinese(fraction)
        if count is None or part is None or not 0 < part < 1:
            return None
        return count - part if whole.startswith("负") else count + part
    below, parted, above = text.partition("分之")
    if parted:
        bottom, top = read_chinese(below), read_chinese(above)
        return top / bottom if bottom and top is not None else None
    if not _CJK_NUMBER.fullmatch(text):
        return None
    if len(text) > 2 and _CJK_DIGITS.keys() >= set(text):  # 二〇二四
        return Fraction(_digits(text))
    whole, pointed, decimals = text.removeprefix("负").partition("点")
    value = _chinese(whole)
    if pointed and value is not None:
        value += Fraction(_digits(decimals), 10 ** len(decimals))
    return -value if value is not None and text.startswith("负") else value


def _digits(text: str) -> int:
    return int("".join(str(_CJK_DIGITS[digit]) for digit in text))


def _chinese(text: str) -> Fraction | None:
    total = group = Fraction(0)
    digit: Fraction | None = None
    unit, skipped, limit = Fraction(10**5), True, 10**9
    for token in _CJK_TOKEN.findall(text):
        if token == "." or (token not in _CJK_UNITS and token not in _CJK_GROUPS and digit):
            return None
        if token in _CJK_UNITS:
            if _CJK_UNITS[token] >= unit or (digit is None and (group or token != "十")):
                return None
            unit, skipped = Fraction(_CJK_UNITS[token]), False
            group, digit = group + (digit or 1) * unit, None
        elif token in _CJK_GROUPS:
            if _CJK_GROUPS[token] >= limit or not (group or digit):
                return None
            limit = _CJK_GROUPS[token]
            total, group, digit = total + (group + (digit or 0)) * limit, Fraction(0), None
            unit, skipped = Fraction(10**5), True
        elif token in "零〇":
            digit, skipped = None, True
        else:
            digit = Fraction(_CJK_DIGITS.get(token, token))
    if digit is not None and not skipped and unit > 10:
        return None  # 一百二 is 120 in speech
    if digit is not None and total and not group and skipped and "零" not in text and not text[-1].isdigit():
        return None  # 三万五 is 35000 in speech
    return total + group + (digit or 0)
