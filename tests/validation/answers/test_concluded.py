"""What a last sentence concludes with, where nothing marks an answer and no reference came with it."""

import pytest

from validation.answers.concluded import find_concluded

BEFORE = "She had 60 pens and gave 15 away.\n\n"


@pytest.mark.parametrize(
    ("sentence", "answer"),
    [
        ("Therefore, the result that she got is 45.", "45"),
        ("So 12 pens are left.", "12"),
        ("**Thus, the 3 of them pay $2.50 in all, which is $7.50.**", "$7.50"),
        ("So the solution of the equation is x = 5.", "x = 5"),
        ("Hence the area is $12\\pi$.", "$12\\pi$"),
        ("In total, 60 - 15 = 45 pens.", "45"),
        ("Therefore, it takes her 1,250 steps.", "1,250"),
        ("This means that 25% of them sing.", "25%"),
        ("She had 60 and gave 15 away, so 45 are left.", "45"),
        ("If 6 of the 10 people are women, then 4 people are men.", "4"),
        ("Therefore, the volume is 84\\pi.", "84\\pi"),
        ("Therefore, the chance is \\frac{1}{7}.", "\\frac{1}{7}"),
        ("So the product is 11-10i.", "11-10i"),
        ("Thus, the larger root is 5+2\\sqrt{3}.", "5+2\\sqrt{3}"),
        ("Thus we get that the factors are (2x+3)(3x-2).", "(2x+3)(3x-2)"),
        ("Hence the price fell by 15\\%.", "15\\%"),
        ("So the side is 12\\text{ cm}.", "12"),
        ("So the point is (3,5).", "(3,5)"),
        ("Hence the interval is $[-2,5]$.", "$[-2,5]$"),
    ],
)
def test_the_one_value_of_a_conclusion_is_found(sentence: str, answer: str) -> None:
    text = BEFORE + sentence
    found = find_concluded(text)
    assert found is not None
    assert found[0] == answer
    assert text[found[1] : found[2]] == answer


@pytest.mark.parametrize(
    "sentence",
    [
        "Thus 3 of the 8 boys sing.",
        "So it is not 45.",
        "So she has 5 or 6 of them.",
        "She has 45 pens left.",
        "So is it 45?",
        "Hence y = 3x-1.",
        "So the product of them is 2\\times 3 and no more.",
        "Thus the side \\sqrt{3} is taken.",
        "Thus the value f(3) is taken.",
        "Therefore, the range is 10-12.",
        "Therefore, the protocol is TCP/IP.",
        "Therefore, the word is and/or.",
        "So they are 5, 6.",
        "Therefore, the answer cannot be determined from 60 pens.",
        "Therefore, all of them sing.",
        "So if 45 are left, we go on.",
        "She gave 15 away, so that 45 were hers.",
        "If she gave 15 away, then 45 would be left.",
        "So " + "on and on " * 50 + "it is 45.",
    ],
)
def test_what_concludes_nothing_is_none(sentence: str) -> None:
    assert find_concluded(BEFORE + sentence) is None


@pytest.mark.parametrize(
    ("language", "sentence", "answer"),
    [
        ("de", "Also hat sie insgesamt 45 Stifte.", "45"),
        ("de", "Somit beträgt der Preis 3,50 Euro.", "3,50"),
        ("es", "Por lo tanto, le quedan 12 lápices.", "12"),
        ("es", "Entonces, el total es 60 - 15 = 45.", "45"),
        ("fr", "Donc il reste 12 euros.", "12"),
        ("fr", "Au total, elle a parcouru 1 250 mètres.", "1 250"),
        ("it", "Pertanto il risultato è 3,5.", "3,5"),
        ("pt", "Portanto, ela tem 45 canetas.", "45"),
        ("zh", "共有60支，送出15支，所以还剩45支。", "45"),
        ("zh", "因此，60 - 15 = 45（支）。", "45"),
        ("ru", "Значит, осталось 12 карандашей.", "12"),
        ("ja", "したがって、残りは12個です。", "12"),
        ("ja", "よって、合計は60円になります。", "60"),
        ("ko", "따라서 남은 사과는 12개입니다.", "12"),
        ("nl", "Dus er blijven 12 pennen over.", "12"),
        ("pl", "Zatem zostało 12 długopisów.", "12"),
        ("tr", "Dolayısıyla 12 kalem kaldı.", "12"),
        ("vi", "Vậy còn lại 12 cây bút.", "12"),
        ("th", "ดังนั้นเหลือปากกา 12 ด้าม", "12"),
        ("sw", "Kwa hiyo, kalamu 12 zimebaki.", "12"),
        ("hi", "इसलिए, 12 कलम बची हैं।", "12"),
        ("bn", "সুতরাং, ১২টি কলম বাকি আছে।", "১২"),
        ("te", "కాబట్టి, 12 పెన్నులు మిగిలాయి.", "12"),
        ("ar", "إذن بقي 12 قلمًا.", "12"),
    ],
)
def test_every_language_concludes_in_its_words(language: str, sentence: str, answer: str) -> None:
    text = f"60 - 15.\n{sentence}"
    found = find_concluded(text, language)
    assert found is not None
    assert found[0] == text[found[1] : found[2]] == answer


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("de", "Also sind es nicht 45."),
        ("de", "Folglich singen 3 von 8 Jungen."),
        ("es", "Entonces no son 45."),
        ("fr", "Donc il n'en reste pas 12."),
        ("it", "Dunque 3 degli 8 ragazzi cantano."),
        ("pt", "Assim, 3 dos 8 meninos cantam."),
        ("zh", "所以不是12。"),
        ("zh", "所以8个男孩中有3个唱歌。"),
        ("zh", "小明还剩12元。"),
        ("ru", "Значит, это не 12."),
        ("ja", "したがって、12個ではない。"),
        ("ja", "したがって、8人のうち3人が歌います。"),
        ("ko", "그러므로 12개가 아닙니다."),
        ("nl", "Dus het zijn er geen 12."),
        ("pl", "Zatem to nie 12."),
        ("tr", "Dolayısıyla 12 değil."),
        ("vi", "Vậy không phải 12."),
        ("th", "ดังนั้นไม่ใช่ 12"),
        ("sw", "Kwa hiyo si 12."),
        ("hi", "इसलिए 12 नहीं है।"),
        ("bn", "সুতরাং ১২ নয়।"),
        ("te", "కాబట్టి 12 కాదు."),
        ("ar", "إذن ليس 12."),
        ("xx", "So 45 pens are left."),
    ],
)
def test_what_concludes_nothing_is_none_in_any_language(language: str, sentence: str) -> None:
    assert find_concluded(f"60 - 15.\n{sentence}", language) is None
