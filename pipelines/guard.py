"""What two near-duplicates must have in common, word for word: numbers, operators, symbols, and the words that ask or count.

Similar words do not make equal mathematics: of the pairs that a 95 % fuzzy match calls duplicates in MATH, 94 % have
different answers. The guard of a text is one hash over the sequence of

    numbers    by value, in digits or words
    operators  and brackets, every sign that is not prose punctuation
    symbols    LaTeX commands, single letters, runs of capitals (x, AB, \\angle ABC)
    words      of the closed lists below: what asks, compares, counts, measures or negates

in the order of the text. Everything else (names, things, adjectives) is free to differ. Texts with unequal guards are
never near-duplicates, so near-duplicates can be sought within one guard: see `minhash`.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.numerals import NUMBER_WORDS
from pipelines.skeleton import thousands
from pipelines.textbytes import Bytes, Offsets, bytes_of
from pipelines.words import mixed, token_hashes, words_of

Hashes = npt.NDArray[np.uint64]

_ASK = """what which who whose when where why how many much find compute determine evaluate calculate simplify solve prove
    express factor expand convert round estimate"""
_COMPARE = """more less fewer most least than same equal equals only greatest smallest largest maximum minimum longest shortest
    highest lowest first second third fourth fifth last next before after until between at not no none never neither nor without
    except if then unless each every per all any both either total altogether sum difference product quotient remainder
    remaining rest left combined"""
_COUNT = """half halves third thirds quarter quarters double twice triple thrice dozen dozens pair pairs once times percent
    percentage average mean median mode ratio increase increases increased decrease decreases decreased add added plus minus
    subtract multiplied multiply divided divide squared cubed hundreds thousands"""
_KIND = """integer integers positive negative nonnegative even odd prime consecutive distinct identical distinguishable
    indistinguishable real complex rational irrational digit digits multiple divisor factors root roots degree degrees
    slope intercept domain range area perimeter circumference radius diameter volume height width depth distance angle sine
    cosine tangent triangle square rectangle hexagon pentagon octagon heptagon polygon circle sphere cube parallelogram
    rhombus trapezoid ellipse parabola hyperbola line plane vertex side sides edge edges median altitude bisector
    permutation combination probability"""
_MEASURE = """second seconds minute minutes hour hours day days week weeks month months year years inch inches foot feet yard
    yards mile miles meter meters centimeter centimeters kilometer kilometers cent cents dollar dollars"""
GUARD_WORDS = tuple(sorted({*f"{_ASK} {_COMPARE} {_COUNT} {_KIND} {_MEASURE}".split()}))

_SHORT_WORDS = """a i am an as at be by do he if in is it me my no of on or so to up us we""".split()
"""English words of one or two letters: any other run as short is a symbol (x, AB, cm)."""

_SPACE, _DIGIT, _LETTER, _SIGN, _PROSE = range(5)
_CLASS = np.full(256, _SIGN, np.uint8)
_CLASS[: ord(" ") + 1] = _SPACE
for _signs, _kind in (
    (b"0123456789", _DIGIT),
    (b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", _LETTER),
    (b".,;:?!\"'`$\\~#", _PROSE),
):
    _CLASS[list(_signs)] = _kind
_STEP = np.uint64(0x9E3779B97F4A7C15)
_COMMAND = np.uint64(0xD1B54A32D192ED03)
