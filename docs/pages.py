"""The documents that come from the code, whole or in part."""

from pathlib import Path

from docs.config_page import config_page
from docs.reasons_page import reasons_page
from docs.rooms import with_rooms

DOCUMENTS = Path(__file__).resolve().parent


def generated() -> dict[str, str]:
    """What each generated document should hold, by its name below docs/."""
    architecture = (DOCUMENTS / "architecture.md").read_text(encoding="utf-8")
    return {
        "config.md": config_page(),
        "reasons.md": reasons_page(),
        "architecture.md": with_rooms(architecture, DOCUMENTS.parent),
    }
