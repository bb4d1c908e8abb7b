"""YAML that a person wrote, read within bounds: a few lines of aliases can stand for billions of values."""

import math
from typing import Any

import yaml

_MOST_VALUES = 100_000


def parse_yaml(text: str) -> Any:  # noqa: ANN401  a YAML document is anything
    """Reads a YAML document.

    Raises:
        ValueError: it is not YAML, is nested too deeply, or its aliases repeat too much or hold themselves.
    """
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        if _values_in(node, {}) > _MOST_VALUES:
            raise ValueError(f"its aliases repeat themselves to more than {_MOST_VALUES:,} values; write them out")
        return loader.construct_document(node)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    finally:
        loader.dispose()


def _values_in(node: Any, known: dict[int, float]) -> float:  # noqa: ANN401  a node, or a pair that a mapping holds
    """How many values a node stands for when its aliases are written out; without end when it holds itself."""
    values = node.value if isinstance(node, yaml.CollectionNode) else node
    if not isinstance(values, list | tuple):
        return 1
    if isinstance(node, tuple):
        return sum(_values_in(child, known) for child in values)
    if id(node) not in known:
        known[id(node)] = math.inf  # what is met again before it is counted stands inside itself
        known[id(node)] = 1 + sum(_values_in(child, known) for child in values)
    return known[id(node)]
