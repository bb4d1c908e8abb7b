r"""What an answer *is*: a number with its unit, a list, a set, an interval, a matrix, a choice, a date, a word.

Plain frozen types; `reading.py` turns text into them, never through float.
"""

from dataclasses import dataclass
from fractions import Fraction

from validation.answers.algebra import Closed, Monomial
from validation.answers.brackets import parts
from validation.answers.units import Unit


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value.

    `decimals` is how many digits a decimal shows after its point; `percent` is applied already. `unevaluated` is
    arithmetic that was not worked out, `written` the expression as it stood; `alternative` is what another reading of
    the same notation gives.
    """

    closed: Closed
    decimals: int | None = None
    percent: bool = False
    unit: Unit | None = None
    label: str = ""
    base: str = ""
    unevaluated: bool = False
    written: str = ""
    alternative: Closed | None = None

    @property
    def rational(self) -> Fraction | None:
        """The value when it is a rational number."""
        return self.closed.rational()

    @property
    def places(self) -> int | None:
        """How many decimals of the value are shown, two more than the digits behind the point of a percentage."""
        return None if self.decimals is None else self.decimals + (2 if self.percent else 0)

    @property
    def bare(self) -> bool:
        """Whether the number says it all: no unit, label, percent sign, base, shown decimals or second reading."""
        return not (self.unit or self.label or self.percent or self.base or self.alternative) and self.decimals is None

    @property
    def summed(self) -> bool:
        """Whether the expression has a plus or minus outside every bracket."""
        return len(parts(self.written.lstrip("+-"), "+-")) > 1


@dataclass(frozen=True, slots=True)
class Several:
    """Values side by side: `bare` and `set` have no order, `tuple` and `list` have one."""

    kind: str
    items: tuple["Value", ...]


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch of the real line; an end of None is infinite."""

    low: Closed | None
    high: Closed | None
    low_closed: bool
    high_closed: bool


@dataclass(frozen=True, slots=True)
class Region:
    """A union of intervals; `variable` when it was written as an inequality."""

    intervals: tuple[Interval, ...]
    variable: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """An order of several unknowns: each difference is above zero, or (False beside it) not below.

    A difference is its terms in order, scaled so that the first has the factor 1 or -1.
    """

    differences: frozenset[tuple[tuple[tuple[Monomial, Fraction], ...], bool]]


@dataclass(frozen=True, slots=True)
class Family:
    """What `start + k * step` is for every whole number k, for each start."""

    starts: tuple[Closed, ...]
    step: Closed


@dataclass(frozen=True, slots=True)
class Matrix:
    """Rows of values."""

    rows: tuple[tuple["Value", ...], ...]


@dataclass(frozen=True, slots=True)
class Equation:
    """Left and right side of one equals sign; `name` when the left side is a bare name such as `x` or `f(x)`."""

    name: str
    left: Closed | None
    right: "Value"


@dataclass(frozen=True, slots=True)
class Choice:
    """A letter of a multiple-choice question, with the option's text where it was repeated."""

    letter: str
    content: str = ""


@dataclass(frozen=True, slots=True)
class Ratio:
    """`3:4` or `3:4:5`; `clock` when it could be a time of day, as 3:30."""

    parts: tuple[Fraction, ...]
    clock: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """A clock time in minutes and seconds (`half` is am, pm or empty) or a date: month, day, and year or 0."""

    kind: str
    value: tuple[int, ...]
    half: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """Text without a value."""

    text: str


ELLIPSIS = Words("...")
"""what is left out of a list: `1, 2, ..., n`"""


@dataclass(frozen=True, slots=True)
class Unread:
    """Text that is not read here; the symbolic child may know it. `too_large` where it must not even try."""

    text: str
    too_large: bool = False


Value = Scalar | Several | Region | Order | Family | Matrix | Equation | Choice | Ratio | Moment | Words | Unread
