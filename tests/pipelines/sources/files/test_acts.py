"""Where a journal is whole."""

import io

import pytest

from pipelines.sources.files.acts import whole_acts, whole_lines

ALONE, BEGUN, ENDED = b'{"act":"1"}\n', b'{"act":"2","together":2}\n', b'{"act":"2","row":"b","together":2}\n'


@pytest.mark.parametrize(
    ("journal", "whole"),
    [
        (b"", b""),
        (ALONE, ALONE),
        (ALONE[:-1], ALONE[:-1]),
        (ALONE + b'{"act":"', ALONE),
        (ALONE + BEGUN, ALONE),
        (ALONE + BEGUN + ENDED, ALONE + BEGUN + ENDED),
        (ALONE + BEGUN + ENDED[:-1], ALONE + BEGUN + ENDED[:-1]),
        (ALONE + BEGUN + ENDED[:-2], ALONE),
        (b"no object\n" + ALONE, b"no object\n" + ALONE),  # for its reader to refuse
    ],
)
def test_a_journal_is_whole_up_to_an_act_that_was_begun(journal: bytes, whole: bytes):
    assert journal[: whole_acts(io.BytesIO(journal), len(journal))] == whole


def test_what_is_no_json_lines_has_no_acts():
    document = b'[\n{"act": "2", "together": 2}\n]'
    assert whole_lines(document) == document
    assert whole_lines(ALONE + BEGUN) == ALONE
