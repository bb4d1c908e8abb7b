"""Whether the rules of the user's own (`curate.rules`) are still those that ran: their source, by its hash."""

from pathlib import Path

from schemas.manifest import Manifest
from schemas.own_sources import Source, digest_of, find_source
from schemas.verdict import Check, Severity, Status
from validation.dataset.check import unchecked

_NAME = "own_rules_unchanged"


def check_own_rules(manifest: Manifest, folder: Path) -> list[Check]:
    """Compares the source of each rule that ran with the one that is here; a difference is told and closes nothing.

    Args:
        manifest: of the data set.
        folder: where modules are looked for before what is installed; nothing is imported.

    Returns:
        A warning, or nothing where no rule ran.
    """
    if not manifest.rules:
        return []
    sources = {name: find_source(name.partition(":")[0], [folder]) for name in manifest.rules}
    here = {name: _digest(source) for name, source in sources.items() if source is not None}
    if not here:
        return [unchecked(_NAME, "files", f"no source of {', '.join(manifest.rules)} here to compare")]
    other = [name for name, digest in here.items() if digest != manifest.rules[name]]
    told = f"{', '.join(other)}: another source than the one that ran; curate again to apply it"
    good = f"the source of {', '.join(here)} is the one that ran"
    return [
        Check(
            name=_NAME,
            group="files",
            status=Status.WARNING if other else Status.PASSED,
            severity=Severity.WARNING,
            detail=told if other else good,
            checked=len(here),
            unexpected=len(other),
        )
    ]


def _digest(source: Source) -> str:
    """The hash of a source; nothing for one that cannot be read as Python."""
    try:
        return digest_of(source)
    except (OSError, SyntaxError, ValueError):
        return ""
