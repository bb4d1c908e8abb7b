import pytest

from pipelines.stages.decontaminate.terms import opposed, siblings


@pytest.mark.parametrize(
    ("text", "item"),
    [
        (r"Compute $\sin 75^\circ$.", r"Compute $\cos 75^\circ$."),
        (r"Compute $\arcsin 0$.", r"Compute $\arccos 1$."),
        ("What is the largest even divisor?", "What is the smallest even divisor?"),
        ("What is the sum of the marbles?", "What is the product of the marbles?"),
        ("A cube has a surface of 54. Its volume?", "A box holds 54. Its area?"),
        ("The median of five scores is 8.", "The average of five scores is 8."),
        ("Find the $x$-intercept.", "Find the $y$-intercept."),
        ("Is an odd function bounded?", "Is an even function bounded?"),
        ("Arrange the letters of LEVEL.", "Arrange the letters of RADAR."),
        ("What is the probability of a 6?", "What is the remainder of 6?"),
    ],
)
def test_a_term_in_the_place_of_another_opposes(text, item):
    assert opposed(text, item)
    assert opposed(item, text)
    assert not opposed(text, text)


@pytest.mark.parametrize(
    ("text", "item"),
    [
        ("What is the sum?", "What is the sum of the largest and the smallest?"),
        ("At least five of the most recent ones", "At most five of the least recent ones"),
        ("A circle of radius 3", "A disc of diameter 6"),
        ("Compute the sine of 30 degrees.", r"What is $\sin 30^\circ$?"),
        ("An NBA game lasts 48 minutes.", "A game lasts 48 minutes."),
        ("A triangle PQR is right.", "A triangle ABC is right."),
    ],
)
def test_what_one_text_alone_says_opposes_nothing(text, item):
    assert not opposed(text, item)
    assert not opposed(item, text)


@pytest.mark.parametrize(
    ("text", "item", "apart"),
    [
        (r"$PQ = 6$. Find $\cos P$.", r"$PQ = 6$. Find $\cos Q$.", True),
        (r"Of $P$ and $Q$, find $\cos P$.", r"Of $P$ and $Q$, find $\cos Q$.", True),
        ("Given $x + y = 2$, find $x$.", "Given $x + y = 2$, find $y$.", True),
        ("Given $x + y = 2$, find $x$.", "Given $s + t = 2$, find $s$.", False),
        ("Let $f$ be odd. Is $f(f(x))$?", "Let $f$ be odd. Is $f(x)g(x)$?", True),
        ("Given $x + y = 2$, find $x$.", "Given $x + y = 2$, find both.", False),
        ("$x$ [asy] label(x); label(x) [/asy] $y$", "$x$ [asy] label(y); label(y) [/asy] $y$", False),
    ],
)
def test_letters_tell_where_both_texts_have_them(text, item, apart):
    assert siblings(text, item) is apart
    assert siblings(item, text) is apart
