"""What every table of CONFIG.yaml is, and the kinds of value that several of them have."""

import re
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


class Table(BaseModel):
    """Strict: an unknown key is an error. A key's docstring is its line in docs/config.md."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    synonyms: ClassVar[dict[str, str]] = {}
    """what other programs call a key: told to whoever writes that"""


def _plain_name(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_.-]*", name):
        raise ValueError("a name holds lower-case letters, digits, '_', '.' and '-' only")
    return name


Name = Annotated[str, AfterValidator(_plain_name)]
Share = Annotated[float, Field(ge=0, le=1)]
