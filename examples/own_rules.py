"""Two rules of my own: which candidates I do not want."""

from mathmill import Candidate


def no_tables(candidate: Candidate) -> str | None:
    """Stops questions that hold a table."""
    return "table" if "|---" in candidate.question else None


def long_enough(candidate: Candidate) -> tuple[str, str] | None:
    """Stops questions that are a line or less."""
    characters = len(candidate.question)
    return ("short_question", f"{characters} characters") if characters < 60 else None
