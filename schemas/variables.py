"""What the environment gave a config: used by value, and recorded by the name of its variable: it may be a secret."""

import os
import re
from dataclasses import dataclass, field
from typing import Any

from schemas.exits import UserError

_VARIABLE = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Variables:
    """Texts of a config that held `${NAME}`: as they are now -> as the file has them."""

    texts: dict[str, str] = field(default_factory=dict)

    def expand(self, node: Any) -> Any:  # noqa: ANN401  a YAML node is anything
        """Returns a YAML node with the environment's values in its texts, and remembers those texts.

        Raises:
            UserError: a variable that is not set.
        """
        if isinstance(node, dict):
            return {key: self.expand(value) for key, value in node.items()}
        if isinstance(node, list):
            return [self.expand(value) for value in node]
        if not isinstance(node, str) or not _VARIABLE.search(node):
            return node
        expanded = _VARIABLE.sub(_value, node)
        self.texts[expanded] = node
        return expanded

    def hide(self, place: str) -> str:
        """Returns a place of the config, or a file below one, with `${NAME}` where the config has it."""
        given = [text for text in self.texts if place == text or place.startswith(f"{text.rstrip('/')}/")]
        longest = max(given, key=len, default="")
        return self.texts[longest] + place[len(longest) :] if longest else place


def _value(match: re.Match[str]) -> str:
    value = os.environ.get(match[1])
    if value is None:
        raise UserError(f"${{{match[1]}}}: the environment variable {match[1]} is not set")
    return value
