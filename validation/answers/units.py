"""Units, currencies and scale words: what stands behind a number, and what it is worth in its dimension."""

import re
from dataclasses import dataclass
from fractions import Fraction

from validation.answers.algebra import UnsupportedError
from validation.answers.number_words import UNCASED, number_words


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of a known dimension; `factor` converts into the dimension's own measure."""

    dimension: str
    factor: Fraction


_TABLE: dict[str, dict[str, str]] = {
    "length": {
        "1": "m meter meters metre metres 米 metro metros mètre mètres м метр метра метров",
        "1000": "km kilometer kilometers kilometre kilometres kms 千米 公里 kilómetros kilomètres км километр "
        "километра километров",
        "1/100": "cm centimeter centimeters centimetre centimetres cms 厘米 centímetros centimètres zentimeter "
        "см сантиметр сантиметра сантиметров",
        "1/10": "dm decimeter decimeters 分米 дм",
        "1/1000": "mm millimeter millimeters millimetre millimetres 毫米 мм",
        "127/5000": "inch inches in in.",
        "381/1250": "ft foot feet",
        "1143/1250": "yd yard yards yds",
        "201168/125": "mile miles mi",
    },
    "mass": {
        "1": "g gram grams 克 gramm gramos grammes г грамм граммов",
        "1000": "kg kilogram kilograms kgs kilo kilos 千克 公斤 kilogramm кг килограмм килограммов",
        "1/1000": "mg milligram milligrams 毫克",
        "1000000": "ton tons tonne tonnes 吨 т тонн тонны",
        "45359237/100000": "lb lbs pound pounds",
        "45359237/1600000": "oz ounce ounces",
    },
    "time": {
        "1": "sec secs second seconds 秒 sekunden segundos secondes с сек секунд секунды",
        "60": "min mins minute minutes 分钟 minuten minutos мин минут минуты 分間",
        "3600": "hr hrs hour hours 小时 stunden stunde horas heures ч час часа часов 時間",
        "86400": "day days 天 tage días jours дней дня день",
        "604800": "week weeks 周 星期 wochen semanas semaines",
    },
    "months": {
        "1": "month months 个月 monate meses mois",
        "12": "year years yr yrs 年 jahre años ans",
    },
    "cube": {
        "1/1000": "liter liters litre litres 升 litros 立方分米 л литр литра литров",
        "1/1000000": "ml milliliter milliliters millilitre millilitres 毫升 立方厘米 мл",
        "1": "立方米",
    },
    "us_volume": {
        "1": "cup cups",
        "2": "pint pints",
        "4": "quart quarts",
        "16": "gallon gallons",
    },
    "money": {"1": "dollar dollars usd bucks 美元 dólares", "1/100": "cent cents"},
    "euro": {"1": "euro euros eur 欧元"},
    "sterling": {"1": "gbp", "1/100": "pence"},
    "yuan": {"1": "yuan rmb cny 元 块", "1/10": "角"},
    "yen": {"1": "yen jpy 日元 円"},
    "franc": {"1": "chf"},
    "canadian dollars": {"1": "cad"},
    "australian dollars": {"1": "aud"},
    "rupee": {"1": "rs rupee rupees inr", "1/100": "paise"},
    "angle": {"1": "degree degrees deg 度 grad grados degrés"},
    "radians": {"1": "radian radians rad rads"},
    "celsius": {"1": "celsius centigrade"},
    "fahrenheit": {"1": "fahrenheit"},
    "kelvin": {"1": "kelvin kelvins"},
    "power": {"1": "watt watts", "1000": "kw kilowatt kilowatts"},
    "energy": {
        "1": "joule joules",
        "1000": "kj kilojoule kilojoules",
        "1/10000000": "erg ergs",
        "523/125": "cal calorie calories",
        "4184": "kcal",
        "3600000": "kwh",
    },
    "electronvolts": {"1": "ev", "1000": "kev", "1000000": "mev"},
    "pressure": {"1": "pa pascal pascals", "1000": "kpa", "101325": "atm"},
    "amount": {"1": "mol mole moles", "1/1000": "mmol"},
    "distance in space": {"1": "pc parsec parsecs", "1000": "kpc", "1000000": "mpc"},
    "light": {"1": "lightyear lightyears"},
    "force": {"1": "newton newtons", "1000": "kn kilonewton kilonewtons"},
    "voltage": {"1": "volt volts"},
    "current": {"1": "amp amps ampere amperes", "1/1000": "ma milliamp milliamps milliampere milliamperes"},
    "resistance": {"1": "ohm ohms"},
    "frequency": {"1": "hz hertz", "1000": "khz", "1000000": "mhz"},
    "information": {"1": "bit bits", "8": "byte bytes"},
    "speed": {"201168/450000": "mph", "1000/3600": "kph kmh"},
    "area": {
        "1": "平方米",
        "1/10000": "平方厘米",
        "1/100": "平方分米",
        "1000000": "平方千米 平方公里",
        "10000": "公顷 hectare hectares",
    },
    "plain": {"1": "unit units"},
}
TEMPERATURES = frozenset(["celsius", "fahrenheit", "kelvin"])  # scales whose zeros differ: no factor converts them
UNITS: dict[str, Unit] = {
    name: Unit(dimension, Fraction(factor))
    for dimension, rows in _TABLE.items()
    for factor, names in rows.items()
    for name in names.split()
}
CURRENCY_SIGNS = {
    "$": UNITS["dollar"],
    "€": UNITS["euro"],
    "£": UNITS["gbp"],
    "¥": Unit("yuan or yen", Fraction(1)),
    "₹": UNITS["rs"],
}
UNIT_LETTERS = {
    "m": "meters", "g": "grams", "s": "seconds", "h": "hours", "L": "liters", "l": "liters", "N": "newtons",
    "C": "celsius", "J": "joules", "W": "watts", "V": "volts", "A": "amperes", "K": "kelvin",
}  # fmt: skip
_WHOSE = frozenset(["the", "a", "an", "all", "his", "her", "their", "its"])  # 3/4 of the cake
_PER = {"h": "hour", "s": "second", "d": "day"}
_RAISED = {("length", 2): "area", ("length", 3): "cube", ("plain", 2): "plain area", ("plain", 3): "plain cube"}
_POWERED = re.compile(r"([^\W\d_]+)\.?\^\{?([23])\}?\Z")
_LABEL = re.compile(rf"[{UNCASED}]+\Z|" r"[^\W\d_]+(?:['’-][^\W\d_]+)*\.?(?:/[^\W\d_]{3,})?\Z")


def find_unit(phrase: str) -> Unit | None:
    """Returns the unit that a phrase names: `square inches`, `cm^2`, `miles per hour`, `km/h`.

    None when unknown.
    """
    phrase = phrase.strip().lower()
    if phrase.startswith(("degree ", "degrees ")) and phrase.partition(" ")[2] in TEMPERATURES:
        phrase = phrase.partition(" ")[2]
    known = UNITS.get(phrase) or UNITS.get(phrase.rstrip("."))
    if known is not None:
        return known
    for sign in (" per ", "/", " an ", " a "):
        above, found, below = phrase.partition(sign)
        if found:
            below = below.strip()
            first, second = find_unit(above), find_unit(_PER.get(below, below))
            if first is None or second is None:
                return None
            return _ratio(first, second)
    power = {"square": 2, "sq": 2, "sq.": 2, "cubic": 3, "cu": 3, "cu.": 3}
    first_word, _, rest = phrase.partition(" ")
    if first_word in power and rest:
        return _raised(find_unit(rest), power[first_word])
    match = _POWERED.match(phrase)
    if match:
        short = {"m": "meter", "s": "second"}.get(match.group(1), match.group(1))
        return _raised(find_unit(short), int(match.group(2)))
    last = {" squared": 2, " cubed": 3}
    for ending, exponent in last.items():
        if phrase.endswith(ending):
            return _raised(find_unit(phrase.removesuffix(ending)), exponent)
    return None


def _ratio(above: Unit, below: Unit) -> Unit:
    if (above.dimension, below.dimension) == ("length", "time"):
        return Unit("speed", above.factor / below.factor)
    return Unit(f"{above.dimension}/{below.dimension}", above.factor / below.factor)


def _raised(unit: Unit | None, exponent: int) -> Unit | None:
    if unit is None:
        return None
    dimension = _RAISED.get((unit.dimension, exponent), f"{unit.dimension}^{exponent}")
    return Unit(dimension, unit.factor**exponent)


def split_unit(text: str) -> tuple[str, Unit | None, str, int]:
    """Splits `7 million square miles` into its number, unit, label of unknown words, and scale.

    Raises:
        UnsupportedError: words stand behind the number that change its meaning (`5 or 6`, `3 times x`).
    """
    core, words = _trailing_words(text)
    scale, scales = 1, number_words().scales
    while words and (factor := scales.get(words[0].lower().rstrip("."))) is not None:
        scale *= factor
        words = words[1:]
    if len(words) > 2 and words[0] == "of" and words[1] in _WHOSE:
        words = words[2:]
    phrase = " ".join(words)
    if not phrase:
        return core, None, "", scale
    unit = find_unit(phrase)
    if unit is not None:
        return core, unit, "", scale
    first = find_unit(words[0]) if words[0].lower() not in ("in", "a") else None
    if (
        first is not None
        and len(words) > 1
        and words[1].lower() in ("of", "in", "on", "from", "long", "tall", "old", "away", "wide")
    ):
        return core, first, "", scale
    if number_words().altering.search(phrase) or not all(_LABEL.match(word) for word in words):
        raise UnsupportedError(phrase)
    if phrase.isascii() and max(len(word) for word in words) < 4:
        raise UnsupportedError(phrase)
    return core, None, phrase.lower().rstrip("."), scale


_GLUED = re.compile(r"(.*[\d)}])\s*([A-Za-z]{2,}(?:/[A-Za-z]+)?(?:\^\{?[23]\}?)?)\Z", re.DOTALL)
_UNCASED_TAIL = re.compile(rf"(.*?[\d)}}%])\s*([{UNCASED}]+(?: [{UNCASED}]+)*)\Z", re.DOTALL)
_WORD = re.compile(r"[^\W\d_]+(?:['’.-][^\W\d_]+)*\.?(?:\^\{?[23]\}?)?(?:/[^\W\d_]+(?:\^\{?[23]\}?)?)?\Z")


def _is_algebra(word: str) -> bool:
    """Says whether `a^2` or `a/b` is a formula rather than a unit such as m/s."""
    return word[1] == "^" or (word[1] == "/" and find_unit(word) is None)


def _trailing_words(text: str) -> tuple[str, list[str]]:
    uncased = None if text.isascii() else _UNCASED_TAIL.match(text)
    if uncased:
        tail, words = uncased.group(2), []
        for scale in sorted(number_words().scales, key=len, reverse=True):
            if tail.startswith(scale) and not tail.startswith(("千米", "千克")):
                words.append(scale)
                tail = tail.removeprefix(scale).lstrip()
                break
        return uncased.group(1), [*words, *tail.split(" ")] if tail else words
    parts = text.split(" ")
    cut = len(parts)
    while cut > 1 and (_WORD.match(parts[cut - 1]) or (parts[cut - 1] == "/" and cut < len(parts))):
        cut -= 1
    words = parts[cut:]
    while words and words[0].isascii() and (len(words[0]) == 1 or _is_algebra(words[0])):
        cut += 1
        words = words[1:]
    if words and parts[cut - 1][-1:] in "0123456789})]!iπ°%exyn":
        return " ".join(parts[:cut]), words
    glued = _GLUED.match(text)
    if glued and find_unit(glued.group(2)) is not None:
        return glued.group(1), [glued.group(2)]
    return text, []
