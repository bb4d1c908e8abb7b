from decimal import Decimal

import pyarrow as pa
import pytest

from pipelines.text.numerals import NUMBER, in_digits, number_words, value_of


def read(text):
    found = []
    number_words(text, lambda value: found.append(value) or "")
    return found


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("three", [3]),
        ("twenty-five", [25]),
        ("twenty five", [25]),
        ("thirty-one", [31]),
        ("two hundred", [200]),
        ("one hundred and five", [105]),
        ("two hundred thousand", [200_000]),
        ("five ten", [5, 10]),
        ("often, tenth, weighted, sevens", []),
        ("one", []),
        ("someone", []),
    ],
)
def test_number_words_are_read_by_value(text, values):
    assert read(text) == [Decimal(value) for value in values]


def test_numbers_in_digits_are_found_without_their_sign():
    assert NUMBER.findall("-3 + 4.50 = .5, v1.2.3") == ["3", "4.50", ".5", "1.2", "3"]


def test_digits_are_compared_by_value():
    assert value_of("007") == value_of("7.0") == value_of("7")


@pytest.mark.parametrize(
    ("text", "language", "digits"),
    [
        ("she ate twenty-five", "en", ["25"]),
        ("sie aß drei und zwölf", "de", ["3", "12"]),
        ("elle a mangé trois pommes", "fr", ["3"]),
        ("comió siete manzanas", "es", ["7"]),
        ("买了二十五个，又买了三百", "zh", ["25", "300"]),
        ("三千二百人和一万二千人", "zh", ["3200", "12000"]),
        ("一些人", "zh", []),
        ("りんごを三つ", "ja", ["3"]),
        ("tre mele", "it", ["3"]),
        ("kolme omenaa", "fi", []),
        ("у неё пятнадцать яблок, а у него пятнистая кошка", "ru", ["15"]),
        ("তার ১৪টি আম আর তিনটি লিচু আছে", "bn", ["14", "3"]),
        ("มีส้มยี่สิบเอ็ดผล กล้วยสิบสองลูก และถุงหนึ่งใบ", "th", ["21", "12"]),
        ("ana watoto watatu, vitabu vinne na mayai kumi", "sw", ["3", "4", "10"]),
        ("उसके पास तीन सेब और ४५ केले हैं", "hi", ["3", "45"]),
        ("she has ٣٤ nuts", "en", ["34"]),
        ("চার্লস্টনের ভেড়া দ্বিগুণ।", "bn", ["2"]),
        ("তিনজনের আছে দুটি আর ষোলো", "bn", ["3", "2", "16"]),
        ("alinunua vitabu kumi na mbili na kalamu mia tatu", "sw", ["12", "300"]),
        ("die hälfte und das doppelte, halbwegs", "de", ["2", "2"]),
    ],
)
def test_number_words_of_other_languages_are_written_in_digits(text, language, digits):
    assert NUMBER.findall(in_digits(pa.array([text]), [language])[0].as_py()) == digits


@pytest.mark.parametrize(
    ("text", "language", "plain"),
    [
        ("৩ ডজন ডিম, ডজনপ্রতি", "bn", "3 dozen ডিম, dozen প্রতি"),
        ("ไข่ 3 โหล โหลละ และดาวน์โหลด", "th", "ไข่ 3 dozen dozen ละ และดาวน์โหลด"),
        ("dazeni tatu za mayai, kila dazeni", "sw", "3 dozen za mayai, kila dozen"),
        ("drei dutzend eier", "de", "3 dozen eier"),
        ("two dozen eggs", "en", "2 dozen eggs"),
    ],
)
def test_dozens_of_other_languages_are_written_as_ours(text, language, plain):
    assert " ".join(in_digits(pa.array([text]), [language])[0].as_py().split()) == plain


def test_each_text_is_read_in_its_own_language():
    texts = in_digits(pa.array(["six once", "six once", "six once"]), ["en", "fr", "es"])
    assert [NUMBER.findall(text) for text in texts.to_pylist()] == [["6"], ["6"], ["11"]]
