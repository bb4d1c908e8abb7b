"""Caps and quotas of the config counted again in the shards: no group may hold more than it was allowed."""

from collections import Counter

import numpy as np

from schemas.exits import UserError
from schemas.manifest import Manifest
from schemas.reason import Stage
from schemas.requirements import Balance
from schemas.verdict import Check
from validation.dataset.check import check_of, unchecked
from validation.dataset.facts import concentration
from validation.dataset.hashes import combined
from validation.dataset.shard import Findings

NAME = "bounds_hold"


def balance_of(manifest: Manifest) -> Balance:
    """The bounds that curation was asked for; none when it left balancing out or the config cannot be read."""
    if Stage.BALANCE in manifest.skipped:
        return Balance()
    try:
        return manifest.setting(Balance, manifest.config.get("balance", {}))
    except UserError:
        return Balance()


def check_bounds(manifest: Manifest, findings: Findings) -> list[Check]:
    """Draws the verdict on caps and quotas; nothing where none was asked for.

    Problems and templates are told apart by the ids in the shards. A quota on a share is not checked: it bounds a share
    of what lived when it was applied, which nobody can count afterwards.
    """
    balance = balance_of(manifest)
    identified = Stage.IDENTIFY not in manifest.skipped
    limits = {
        "caps.source": balance.caps.source,
        "caps.author": balance.caps.author,
        "caps.problem": balance.caps.problem if identified else None,
        "caps.template": balance.caps.template if identified else None,
    } | {f"quotas.{position}": quota.max for position, quota in enumerate(balance.quotas)}
    asked = {name: limit for name, limit in limits.items() if limit is not None}
    if not asked:
        return []
    problems = [
        f"curate.balance.{name} allows {limit:,}, the shards hold {found:,}"
        for name, limit in asked.items()
        if (found := _largest(name, findings)) > limit
    ]
    good = f"no group holds more than {', '.join(asked)} allow"
    return [check_of(NAME, "recheck", good, problems, checked=findings.rows), *_unchecked(balance, identified)]


def _unchecked(balance: Balance, identified: bool) -> list[Check]:
    shares = [f"quotas.{position}" for position, quota in enumerate(balance.quotas) if quota.share is not None]
    capped = balance.caps.problem is not None or balance.caps.template is not None
    names = [*shares, *(["caps on problems and templates"] if capped and not identified else [])]
    if not names:
        return []
    return [unchecked("bounds_countable", "recheck", f"{', '.join(names)}: cannot be counted from the shards")]


def _largest(name: str, findings: Findings) -> int:
    """The most that one group holds of what a bound counts."""
    kind, _, what = name.partition(".")
    if kind == "quotas":
        return findings.quotas[int(what)]
    if what == "problem":
        return concentration(findings.hashes("solutions")).largest
    if what == "template":
        return _most_problems(findings)
    return max(findings.facts.counts.get(what, Counter()).values(), default=0)


def _most_problems(findings: Findings) -> int:
    """The most problems of one template."""
    templates, problems = findings.hashes("templates"), findings.hashes("problems")
    _, first = np.unique(combined(templates, problems), return_index=True)
    return concentration(templates[first]).largest
