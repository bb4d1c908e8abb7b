"""Every language of the table announces an answer as people who write it do."""

import pytest

from validation.answers import extract
from validation.answers.endings import announcements, answer_sentence, endings


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
        ("Also ist die Antwort 26.", "26"),
        ("La respuesta correcta es la opción D.", "D"),
        ("La bonne réponse est la C.", "C"),
        ("Il risultato finale è 31.", "31"),
        ("A resposta correta é a letra E.", "E"),
        ("Итак, ответ 44.", "44"),
        ("Odp. 19", "19"),
        ("Doğru cevap D'dir.", "D"),
        ("Vì thế chọn đáp án D.", "D"),
        ("따라서 정답은 ④입니다.", "④"),
        ("よって、正解はDです。", "D"),
        ("ตอบ 71", "71"),
        ("इसलिए सही उत्तर D है।", "D"),
        ("الإجابة الصحيحة هي D", "D"),
        ("故填 35。", "35"),
        ("①④都成立，选D", "D"),
        ("Option D is correct.", "D"),
        ("so x = 62.\nAnswer D", "D"),
        ("ANS:C", "C"),
        ("and so on.\nAnswer C)5, 4", "C"),
        ("Answer. $\\frac{7}{9}$.", "\\frac{7}{9}"),
        ("$\\text{Answer: } 83$", "83"),
        ("The answer is:\n$$\n65\n$$", "65"),
        ('The answer is "52".', "52"),
        ("Final Answer: There are 14 ways.", "14 ways"),
        ("**Answer:** The barrel holds 270 litres.", "270"),
        ("Answer: Ann paid $18 to her sister.", "$18"),
        ("Antwort: Es bleiben 16 Birnen übrig.", "16"),
        ("Réponse : Il reste 16 poires.", "16"),
        ("答：这根绳子长 7.5 米。", "7.5 米"),
        ("The answer is 8, not 9.", "8"),
        ("Our final result: **121**", "121"),
        ("So the answer works out to 75.", "75"),
        ("[ANSWER] 44 [/ANSWER]", "44"),
        ("Final answer -> 38", "38"),
        ("<final_answer>38</final_answer>", "38"),
        ("Answer\n======\n38", "38"),
        ("Thus, (D) is correct.", "D"),
        ("综上，选 D 项。", "D"),
        ("选项 D 是正确的。", "D"),
        ("답은 **38**입니다.", "38"),
    ],
)
def test_an_answer_is_found_behind_its_announcement(text: str, answer: str) -> None:
    assert extract(text).answer == answer


@pytest.mark.parametrize(
    "text",
    [
        "The third answer is obtained in the same manner. Hence f works.",
        "The answer is not 7 but 8.",
        "The answer would not be 7.",
        "Nobody answered.",
        "He gave the answer, and left.",
        "The answer is clear.",
        "We verify that this answer is reasonable, as 2 < 3.",
        "If $x=3$, all is well.\n\nThus, $x^2=9=3+6$.",
        "The second answer is verified likewise.",
        "Die Antwort ist nicht 7.",
        "Cevap 7 değildir.",
        "답은 7이 아닙니다.",
        "答えは7ではありません。",
        "उत्तर 7 नहीं है।",
        "Option D is incorrect.",
        "Solution: we add them up. Soluzione: sommiamo.",
        "To answer 7 of them is enough.",
    ],
)
def test_a_sentence_about_an_answer_names_none(text: str) -> None:
    assert extract(text).answer is None


@pytest.mark.parametrize(
    "text",
    [
        "Answer: See page 12 for it.",
        "Answer: 3 of the 8 boys sing.",
        "Answer: It cannot be 12.",
        "Antwort: Es sind nicht 12.",
    ],
)
def test_a_sentence_that_does_not_say_one_value_gives_none_of_its_numbers(text: str) -> None:
    assert extract(text).answer not in {"3", "8", "12"}


def test_prose_behind_an_announcement_is_no_second_answer() -> None:
    found = extract("Step-by-step answer: Ann buys 3 packs with 9 pens each.\nThe answer is 27.")
    assert (found.answer, found.count, found.disagree) == ("27", 1, False)


def test_a_last_announcement_that_is_not_read_is_not_passed_over() -> None:
    assert extract("The answer is 27.\nThe answer is whatever Ann thinks of it.").answer != "27"


def test_words_behind_a_number_leave_it_and_nothing_else() -> None:
    assert endings().behind.sub("", "18です") == "18"
    assert endings().behind.sub("", "偶数です") == "偶数です"


def test_announcements_of_several_languages_stand_in_the_order_of_the_text() -> None:
    text = "La respuesta es 7. The answer is 8. 答案是9。"
    assert [match.group() for match in announcements(text)] == ["respuesta es ", "answer is ", "答案是"]


@pytest.mark.parametrize("entry", sorted(endings().sentences))
def test_what_tells_a_language_apart_is_in_small_letters_and_in_its_own_sentence(entry: str) -> None:
    assert all(cue == cue.lower() and cue for cues, _ in endings().announced for cue in cues)
    assert any(cue in answer_sentence("7", entry).lower() for cues, _ in endings().announced for cue in cues)
