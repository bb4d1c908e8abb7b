"""What a run did otherwise than its user may think: reviews without effect or left out, a split without examples."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.output.reader import joined_reviews, read_rows
from schemas.manifest import Manifest
from schemas.policy import Policy, is_overrulable
from schemas.problem import Decision
from schemas.reason import Outcome
from schemas.split import Split
from schemas.wording import amount


def effects(manifest: Manifest, folder: Path, *, before: Sequence[str], min_heldout: int) -> Iterator[str]:
    """Says what a person would want to know before going on.

    Args:
        manifest: of the run.
        folder: the data set.
        before: the files of reviews that the run applied which stood here before.
        min_heldout: what the gate asks of the heldout split.
    """
    yield from _without_effect(manifest, folder)
    if left := [name for name in before if name not in reviews_of(manifest.config)]:
        yield (
            f"the data that stood here before had reviews that this run does not name: {', '.join(left)}; their "
            "decisions are no longer in it (curate.reviews)"
        )
    yield from _heldout(manifest, min_heldout)


def _heldout(manifest: Manifest, wanted: int) -> Iterator[str]:
    found, kept, share = manifest.splits[Split.HELDOUT], manifest.counts.kept, manifest.config["heldout"]
    if not kept or (found >= wanted and (found or not share)):
        return
    gate = f", and the gate asks for {wanted} (validate.min_heldout)" if found < wanted else ""
    yield (
        f"{amount(found, 'example')} of {kept:,} in the heldout split: curate.heldout is {share}, the expected share "
        f"of templates{gate}; raise it, or set it to 0 where nothing is to be held out"
    )


def reviews_of(config: Mapping[str, Any]) -> list[str]:
    """The files of reviews that a run applied, as its recorded config names them."""
    return [entry if isinstance(entry, str) else str(entry["path"]) for entry in config.get("reviews", ())]


def _without_effect(manifest: Manifest, folder: Path) -> Iterator[str]:
    """Acceptances of rows that fell all the same, by the reason that they fell to."""
    reviews = joined_reviews(folder)
    if reviews is None:
        return
    standing = pc.and_(reviews["known"], pc.invert(reviews["superseded"]))
    accepted = reviews.filter(pc.and_(standing, pc.equal(reviews["decided"], Decision.ACCEPTED.value)))
    fallen = _fallen(read_rows(folder, manifest, set(accepted["row_id"].to_pylist()), ("outcome", "reason")))
    policy = _policy(manifest)
    counts = Counter(reason for row_id in accepted["row_id"].to_pylist() for reason in fallen.get(row_id, ()))
    for reason, number in sorted(counts.items(), key=lambda count: (-count[1], count[0])):
        why = f"{reason} cannot be accepted" if not is_overrulable(policy, reason) else f"their rows fell to {reason}"
        yield f"{amount(number, 'decision')} had no effect: {why}"


def _policy(manifest: Manifest) -> Mapping[str, Policy]:
    policy: dict[str, Any] = manifest.config.get("policy", {})
    return {reason: Policy(chosen) for reason, chosen in policy.items()}


def _fallen(about: pa.Table) -> dict[str, set[str]]:
    """The reasons of rows of which nothing is kept."""
    reasons: dict[str, set[str]] = {}
    kept: set[str] = set()
    for row in about.to_pylist():
        if row["outcome"] == Outcome.KEPT:
            kept.add(row["row_id"])
        else:
            reasons.setdefault(row["row_id"], set()).add(row["reason"])
    return {row: fell for row, fell in reasons.items() if row not in kept}
