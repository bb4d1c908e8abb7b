r"""Tokenizers that write a space before the first word of a text, and how they encode a text that goes on.

Those of Llama 2, Mistral and Phi-3 put U+2581 in front of whatever they are given, and take a space away from what they
decode. A solution is encoded in stretches, so all but the first of them would gain a space that nobody wrote.

    text            We add.\n | 12          encoded in two stretches
    as it begins    _We _add . \n | _12     decodes to We add.\n 12
    as it goes on   We _add . \n | 12       decodes to We add.\n12
"""

import copy
import json
from collections.abc import Iterator
from typing import Any

from tokenizers import Tokenizer

_LEADING_SPACE = {"type": "Strip", "content": " ", "start": 1, "stop": 0}


def onward(backend: Any) -> Any:  # noqa: ANN401  a Tokenizer, whose package has no types
    """The same tokenizer for text that goes on: it adds and takes no space. Itself, where it never did."""
    parts = {name: _settings(getattr(backend, name)) for name in ("normalizer", "pre_tokenizer", "decoder")}
    plain = copy.deepcopy(parts)
    plain["normalizer"] = _without(plain["normalizer"], {"type": "Prepend"})
    plain["decoder"] = _without(plain["decoder"], _LEADING_SPACE)
    for part in (plain["pre_tokenizer"], plain["decoder"]):
        for step in _steps(part):
            if step["type"] == "Metaspace":
                step["prepend_scheme"] = "never"
            elif step["type"] == "ByteLevel":
                step["add_prefix_space"] = False
    return backend if plain == parts else Tokenizer.from_str(json.dumps(json.loads(backend.to_str()) | plain))


def _settings(component: Any) -> dict[str, Any] | None:  # noqa: ANN401
    """What a component of a tokenizer is, without its vocabulary: that of a large one takes a second to read."""
    return None if component is None else json.loads(component.__getstate__())


def _without(part: dict[str, Any] | None, like: dict[str, Any]) -> dict[str, Any] | None:
    """A normalizer or decoder less the steps that hold all of `like`."""
    if part is None or like.items() <= part.items():
        return None
    for several in ("normalizers", "decoders"):
        if several in part:
            part[several] = [kept for step in part[several] if (kept := _without(step, like)) is not None]
    return part


def _steps(part: dict[str, Any] | None) -> Iterator[dict[str, Any]]:
    if part is None:
        return
    yield part
    for several in ("pretokenizers", "decoders"):
        for step in part.get(several, ()):
            yield from _steps(step)
