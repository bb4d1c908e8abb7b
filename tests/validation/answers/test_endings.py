"""Every language of the table announces an answer as people who write it do."""

import pytest

from validation.answers import extract
from validation.answers.endings import answer_sentence, endings


@pytest.mark.parametrize("language", sorted(endings().sentences))
def test_the_sentence_that_is_added_is_found_again(language: str) -> None:
    found = extract(f"...\n{answer_sentence('417', language)}", language)
    assert (found.answer, found.path) == ("417", "phrase")


def test_a_language_without_an_entry_takes_english() -> None:
    assert answer_sentence("5", "xx") == answer_sentence("5", "en") == "The answer is 5."


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("So the correct option is (C).", "C"),
        ("The correct choice is: B", "B"),
        ("The answer is hence $4\\sqrt{3}-1$.", "4\\sqrt{3}-1"),
        ("The answer to the second part is 17.", "17"),
        ("**Answer:** 31", "31"),
        ("Final Answer: The height of the tower is 45. I hope this helps.", "45"),
        ("THE ANSWER IS 8", "8"),
        ("由此可知 7 最大。故选D.", "D"),
        ("本题选 A．", "A"),
        ("【答案】C", "C"),
        ("所以选B。", "B"),
        ("Damit ist alles gesagt. Das Ergebnis beträgt 12.", "12"),
        ("Sonuç: 9", "9"),
        ("Cevap 14'tür.", "14"),
        ("ดังนั้นคำตอบคือ 23", "23"),
        ("তাই চূড়ান্ত উত্তর হলো 19।", "19"),
        ("ఆఖరి సమాధానం 11.", "11"),
        ("Kwa hiyo jibu ni 64.", "64"),
        ("Vì vậy đáp số là 25.", "25"),
        ("따라서 정답은 36입니다.", "36"),
        ("よって答えは42です。", "42"),
        ("अतः सही उत्तर 27 है।", "27"),
        ("إذن الإجابة النهائية هي 33.", "33"),
        ("Ostateczna odpowiedź: 15", "15"),
        ("Het antwoord is dus 3,5.", "3,5"),
    ],
)
def test_an_answer_is_found_behind_its_announcement(text: str, answer: str) -> None:
    assert extract(text).answer == answer


@pytest.mark.parametrize(
    "text",
    [
        "The third answer is obtained in the same manner. Hence f works.",
        "The answer is not 7 but 8.",
        "Nobody answered.",
        "He gave the answer, and left.",
    ],
)
def test_a_sentence_about_an_answer_names_none(text: str) -> None:
    assert extract(text).answer is None


def test_words_behind_a_number_leave_it_and_nothing_else() -> None:
    assert endings().behind.sub("", "18です") == "18"
    assert endings().behind.sub("", "偶数です") == "偶数です"
