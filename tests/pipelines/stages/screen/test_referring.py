"""A question that takes its data from another problem is told from one that holds what it speaks of."""

import pytest

from schemas.reason import Reason
from tests.pipelines.stages.screen.test_checks import reason


@pytest.mark.parametrize(
    "question",
    [
        "Let $T=T N Y W R$. Compute the number of primes below $T$.",
        "Let $K = TNYWR$, and find $K^2$.",
        "Let $N$ be the number you will receive. Compute $N+1$.",
        "Let $A$ be the number you will receive from position 3 and let $B$ be twice that. Compute $AB$.",
        "Let k be the answer to the previous question. What is 3k + 1?",
        "Using the result of Problem 4, how many tiles are needed for the hall?",
        "As in the preceding exercise, the box holds 12 pens. How many pens do 5 boxes hold?",
        "上题中的小明又买了3支笔，他现在有几支笔？",
    ],
)
def test_what_another_problem_says_is_missing(question: str) -> None:
    assert reason(question=question) is Reason.REFERS_ELSEWHERE


@pytest.mark.parametrize(
    "question",
    [
        "Let $T=(0,0)$, $N=(3,0)$, $Y=(7,5)$, $W=(3,8)$ and $R=(0,4)$. Compute the area of pentagon $TNYWR$.",
        "What is the number you will receive if you double 7 and add 3?",
        "Jo drew the square that he had met in the previous problem. Its side is 5. What is its area?",
        "Problem 4: Add 3 and 5.\nProblem 5: Double the answer to problem 4. What do you get?",
        "1. Add 3 and 5.\n2. Double the answer to question 1. What do you get?",
        "Tom's answer to the last of 9 questions was 7, and it was 2 too low. What was right?",
        "小明做了上面的12道题，又做了5道，一共做了几道题？",
    ],
)
def test_a_question_that_holds_what_it_speaks_of_is_whole(question: str) -> None:
    assert reason(question=question) is not Reason.REFERS_ELSEWHERE


def test_a_number_that_only_stands_in_a_sentence_heads_no_problem() -> None:
    question = "The hall is 4 m wide. Use the answer to problem 4: how long is it?"
    assert reason(question=question) is Reason.REFERS_ELSEWHERE
