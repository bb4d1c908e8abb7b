"""Tables say which of their columns are numbers, and name the values that a phone stacks."""

from validation.dataset.report.markup import number, percent, tag
from validation.dataset.report.section_parts import interval, table


def test_columns_of_numbers_stand_right_and_others_left() -> None:
    rows = [["7", number(1234), percent(0.5), "9 of 10"], ["8", "–", "0", "5"]]
    shown = table(["Name", "Rows", "Share", "Note"], rows)
    assert shown.count('<th scope="col" class="number">') == 2
    assert '<td class="number" data-name="Rows">1\u202f234</td>' in shown
    assert '<td class="number none" data-name="Rows">–</td>' in shown
    assert '<td data-name="Name">7</td>' in shown
    assert '<td data-name="Note">5</td>' in shown


def test_only_words_are_named_by_their_column() -> None:
    assert "data-name" not in table(["Name"], [[tag("code", "a<b")]])


def test_a_table_without_rows_says_so() -> None:
    assert "Nothing to show." in table(["Name"], [])


def test_of_nothing_there_is_no_interval() -> None:
    assert interval(None) == ""
    assert interval([0.5, 0.25, 0.75, 8]) == "50.0\u202f% (25.0\u202f% to 75.0\u202f%) of 8"
