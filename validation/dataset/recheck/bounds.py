"""Caps and quotas of the config counted again in the shards: no group may hold more than it was allowed."""

from collections import Counter
from collections.abc import Mapping

import numpy as np
from pydantic import ValidationError

from schemas.config import Balance
from schemas.manifest import Manifest
from schemas.reason import Stage
from schemas.verdict import Check, Severity, Status
from validation.dataset.check import check_of
from validation.dataset.shard import Findings

NAME = "bounds_hold"


def balance_of(manifest: Manifest) -> Balance:
    """The bounds that curation was asked for; none when it left balancing out or the config cannot be read."""
    if Stage.BALANCE in manifest.skipped:
        return Balance()
    try:
        return Balance.model_validate(manifest.config.get("balance", {}))
    except ValidationError:
        return Balance()


def check_bounds(manifest: Manifest, findings: Findings) -> list[Check]:
    """Draws the verdict on caps and quotas; nothing where none was asked for.

    Problems and templates are told apart by the ids in the shards. A quota on a share is not checked: it bounds a share
    of what lived when it was applied, which nobody can count afterwards.
    """
    balance = balance_of(manifest)
    identified = Stage.IDENTIFY not in manifest.skipped
    largest: dict[str, tuple[int | None, int]] = {
        "caps.source": (balance.caps.source, _largest(findings.facts.counts.get("source", Counter()))),
        "caps.author": (balance.caps.author, _largest(findings.facts.counts.get("author", Counter()))),
    }
    if identified:
        largest["caps.problem"] = (balance.caps.problem, _most(findings.hashes("solutions")))
        largest["caps.template"] = (balance.caps.template, _most_problems(findings))
    for position, quota in enumerate(balance.quotas):
        largest[f"quotas.{position}"] = (quota.max, findings.quotas[position])
    asked = {name: (limit, found) for name, (limit, found) in largest.items() if limit is not None}
    if not asked:
        return []
    problems = [
        f"curate.balance.{name} allows {limit:,}, the shards hold {found:,}"
        for name, (limit, found) in asked.items()
        if found > limit
    ]
    good = f"no group holds more than {', '.join(asked)} allow"
    return [check_of(NAME, "recheck", good, problems, checked=findings.rows), *_unchecked(balance, identified)]


def _unchecked(balance: Balance, identified: bool) -> list[Check]:
    shares = [f"quotas.{position}" for position, quota in enumerate(balance.quotas) if quota.share is not None]
    capped = balance.caps.problem is not None or balance.caps.template is not None
    names = [*shares, *(["caps on problems and templates"] if capped and not identified else [])]
    if not names:
        return []
    detail = f"{', '.join(names)}: cannot be counted from the shards"
    return [
        Check(
            name="bounds_countable",
            group="recheck",
            status=Status.NOT_CHECKED,
            severity=Severity.WARNING,
            detail=detail,
        )
    ]


def _largest(counts: Mapping[str, int]) -> int:
    return max(counts.values(), default=0)


def _most(hashes: np.ndarray) -> int:
    return int(np.unique(hashes, return_counts=True)[1].max(initial=0))


def _most_problems(findings: Findings) -> int:
    pairs = np.stack([findings.hashes("templates"), findings.hashes("problems")], axis=1)
    return _most(np.unique(pairs, axis=0)[:, 0]) if len(pairs) else 0
