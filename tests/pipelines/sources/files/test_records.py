import datetime

import orjson
import pytest

from pipelines.sources.files.records import json_text, row_id


def test_a_row_id_is_of_source_and_text():
    assert row_id("gsm8k", '{"a": 1}') == row_id("gsm8k", '{"a": 1}')
    assert len({row_id("gsm8k", "x"), row_id("gsm8", "kx"), row_id("gsm8k", "y"), row_id("other", "x")}) == 4
    assert len(row_id("a", "")) == 32


def test_a_row_id_never_changes():
    # ledgers, reviews and work folders of earlier runs hold on to it
    assert row_id("gsm8k", '{"a": "é"}') == "bef6d2f5e8aa4020e6173404c6013c41"


@pytest.mark.parametrize("value", [{"b": 1, "a": [None, True, 1.5]}, {"é": '\u2028 "x"'}, [], "x", None])
def test_the_text_of_a_table_row_is_its_json(value):
    assert orjson.loads(json_text(value)) == value


def test_keys_keep_their_order_and_what_json_does_not_know_is_text():
    assert json_text({"b": 1, "a": 2}) == '{"b":1,"a":2}'
    assert json_text({1: b"raw", "day": datetime.date(2024, 5, 6)}) == '{"1":"b\'raw\'","day":"2024-05-06"}'
