"""The tables that say what data must be: quotas and caps, the wipe-out alarm, what the gate expects."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from schemas.table import Share, Table


class Quota(Table):
    """A bound on the examples that a condition holds for: either `max` or `share`."""

    where: dict[str, str | int]
    """column: value pairs that all hold"""
    max: Annotated[int, Field(ge=0)] | None = None
    """most examples"""
    share: Share | None = None
    """greatest share of the data set"""
    select: Literal["hash", "score", "coverage"] = "hash"
    """who stays: as a keyed hash falls | the highest `columns.score` | the questions that cover the others best"""

    @model_validator(mode="after")
    def _one_bound(self) -> "Quota":
        if (self.max is None) == (self.share is None):
            raise ValueError("a quota has either `max` or `share`")
        return self


class Caps(Table):
    """Most examples that may share something. None by default."""

    template: Annotated[int, Field(ge=1)] | None = None
    """most problems of one template"""
    problem: Annotated[int, Field(ge=1)] | None = None
    """most solutions of one problem in one format"""
    source: Annotated[int, Field(ge=1)] | None = None
    """most examples of one source"""
    author: Annotated[int, Field(ge=1)] | None = None
    """most examples of one author"""


class Balance(Table):
    """Bounds on what is kept."""

    quotas: list[Quota] = []
    """checked in order; the first that matches a row counts it"""
    caps: Caps = Caps()
    """most examples per template, problem, source, author"""


class Wipeout(Table):
    """The alarm for a rule that removes too much of a source."""

    limit: Share = 0.5
    """share of a source's candidates that one reason may take"""
    accept: list[str] = []
    """`source:reason` pairs that may take more"""


class Expectation(Table):
    """A Great Expectations expectation of the user's own."""

    type: str
    """as Great Expectations names it: expect_column_values_to_be_between"""
    kwargs: dict[str, Any] = {}
    """its arguments"""
    severity: Literal["critical", "warning"] = "critical"
    """critical closes the gate; warning shows"""


class Recheck(Table):
    """How much the independent judge does again."""

    sample: Annotated[int, Field(ge=0)] = 200
    """answers and programs that are judged again, each"""


class Validate(Table):
    """The table of `mathmill validate`."""

    tokenizer: str | None = None
    """Hugging Face name or folder; null: checks on tokens say `not checked`. Named: what a run by the table `train`
    (without one: by this tokenizer) would count before step 1 is counted too, and kept for it"""
    context: Annotated[int, Field(ge=16)] = 4096
    """tokens that an example may have, for the check on lengths"""
    min_heldout: Annotated[int, Field(ge=0)] = 0
    """fewest heldout examples"""
    expectations: list[Expectation] = []
    """expectations of your own, beside the built-in suite"""
    recheck: Recheck = Recheck()
    """independent re-checks"""
    seed: int = 0
    """the seed of every sample"""
