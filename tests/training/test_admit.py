"""What is too long is refused or dropped by name, and never cut."""

import numpy as np
import pytest

from schemas.exits import UserError
from training.admit import drop, require_examples


def test_long_examples_are_refused_or_dropped_by_name():
    long = np.array([17, 40])
    with pytest.raises(UserError, match=r"2 of 5 examples are longer than train.context 16 \(1 of 17 to 32 tokens, 1"):
        drop(long, 5, context=16, long_rows="refuse")
    assert drop(long, 5, context=16, long_rows="drop") == {"17 to 32 tokens": 1, "33 to 64 tokens": 1}
    assert drop(long[:0], 5, context=16, long_rows="refuse") == {}


def test_a_context_shorter_than_most_rows_is_refused_even_when_long_rows_are_dropped():
    with pytest.raises(UserError, match=r"that is most of the data; set train.context to 30"):
        drop(np.array([20, 30]), 3, context=16, long_rows="drop")


def test_data_without_examples_is_refused():
    with pytest.raises(UserError, match="no train examples"):
        require_examples(0)
