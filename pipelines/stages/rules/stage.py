"""The rules stage's step: every candidate that could be read, and what the functions of the config say of it."""

from collections.abc import Iterator, Sequence
from functools import partial

import pyarrow as pa

from pipelines.engine.candidates import UNDERSTOOD
from pipelines.engine.crashes import refuse_crash
from pipelines.engine.line import Line, Step
from pipelines.engine.store import PartRef, Store
from pipelines.engine.tags import tag_batch
from pipelines.engine.transforms import TagParts
from pipelines.stages.rules.asked import ask
from pipelines.stages.rules.own_functions import OwnRule, rules_of
from schemas.policy import kept_by
from schemas.reason import Reason, Stage, is_own


def steps(line: Line) -> Iterator[Step]:
    """Asks the rules of the config about every candidate by itself; none where it names none."""
    if line.skips(Stage.RULES) or not line.settings.rules:
        return
    rules = rules_of(line.settings)
    kept = frozenset(filter(is_own, kept_by(line.settings.policy)))
    folder = line.folder(Stage.RULES, *((rule.name, rule.digest) for rule in rules), sorted(kept))
    tag = partial(tag_rules, store=line.store, rules=rules, kept=kept)
    yield Step(Stage.RULES, folder, lambda done: TagParts(line.store, folder, tag))


def digests(line: Line) -> dict[str, str]:
    """The rules that were asked, with the hash of the source of each."""
    asked = [] if line.skips(Stage.RULES) else rules_of(line.settings)
    return {rule.name: rule.digest for rule in asked}


def tag_rules(part: PartRef, *, store: Store, rules: Sequence[OwnRule], kept: frozenset[str]) -> pa.RecordBatch:
    """Tags what the rules stop, and candidates that a rule raises for.

    Raises:
        RunFailedError: the store is strict and a rule raises, or gives no verdict.
    """
    verdicts = list(ask(store.read_part(part, UNDERSTOOD), rules, kept))
    for place, rejection in verdicts:
        if store.strict and rejection.reason == Reason.STAGE_CRASH:
            refuse_crash(part, place, rejection.detail, store)
    return tag_batch(verdicts)
