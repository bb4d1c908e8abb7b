"""Pictures that a text does not hold: told of in words, or by a mark in their place."""

import pytest

from pipelines.stages.screen.pictures import marked
from schemas.problem import Segment, SegmentKind
from schemas.reason import Reason
from tests.pipelines.stages.screen.test_checks import one, reason

MARKS = [
    "<image>",
    "<image_1>",
    "<image1>",
    "<Image 2>",
    "<image-3>",
    "<img_3438>",
    "<img_12.png>",
    "<IMG>",
    "<img src='a'>",
    "<img/>",
    "</image>",
    "<image/>",
    "<ImageHere>",
    "<image_placeholder>",
    "<pic1>",
    "<picture>",
    "<figure_2>",
    "<diagram>",
    "[IMAGE]",
    "[image]",
    "[[image]]",
    "[Image 1]",
    "[img_12]",
    "[IMG: fig/a.png]",
    "[picture]",
    "[FIGURE]",
    "[Graph]",
    "[chart]",
    "[the table here]",
    "[see diagram]",
    "[figure omitted]",
    "(image not shown)",
    "(Figure 2 is missing)",
    "[diagram not available]",
    "![](a.png)",
    "![]()",
    "![A triangle](https://x.org/a)",
    "![A triangle][1]",
    "![[a.png]]",
    r"\includegraphics{a}",
    "data:image/png;base64,iVBORw0KGgo",
    "【图】",
    "[图片]",
    "<图1>",
]


@pytest.mark.parametrize("mark", MARKS)
def test_a_mark_is_found_in_question_and_solution(mark: str) -> None:
    for question in (f"{mark}\nFind the area, 2 by 1.", f"Find the area {mark} of 2 by 1.", f"Find this area: {mark}"):
        assert reason(question=question) is Reason.NEEDS_FIGURE
    assert one(solution=f"We see it here.\n\n{mark}\n\nIt is \\boxed{{2}}.").reason is Reason.NEEDS_FIGURE


@pytest.mark.parametrize("mark", ["{{image}}", "{{ image_1 }}", "<|image|>", "<|image_pad|>"])
def test_other_rules_find_what_is_a_template_too(mark: str) -> None:
    assert reason(question=f"{mark}\nFind the area, 2 by 1.") in {Reason.PLACEHOLDER, Reason.TEMPLATE_TOKENS}


@pytest.mark.parametrize(
    "text",
    [
        r"The image of $x$ under $f$ is in $<f, g>$, so $|<image(f)>| = 2$.",
        r"$\text{Area of one picture} = \text{image}(f) [2]$",
        r"$n![2](3)$ and $(n+1)![k][2]$ and $x]![1](2)$",
        "How great![2] It is 5.",
        "The picture [of the cat] is 5 wide (see picture). Fig. 2 has 3 images (figures 1 and 2).",
        "As [Figure 1] and [Fig. 2] show, it is 5.",
        "a <imagine> b > c and <imagination>",
        "if a < image and image > b",
        "A photo (7 by 5) and a pic [7] cost 3.",
        "[figure] a circle of radius 2 in a square [/figure]",
        r"{image} and \text{image}",
        "Write it here (in the image that you drew).",
    ],
)
def test_what_only_looks_like_a_mark_is_none(text: str) -> None:
    assert marked(text) is None
    assert one(solution=f"{text}\nIt is \\boxed{{2}}.") is None


def test_the_mark_is_shown_with_its_place() -> None:
    assert one(question="<image_1> Find it.").detail == "'<image_1>' and no figure in the text"
    assert one(solution="So ![](a.png)\nIt is 2.").detail == "solution: '![](a.png)'"
    assert one(system="Look: [IMAGE]").detail == "system: '[IMAGE]'"
    assert one(question="Find the area below![](a.png)").reason is Reason.NEEDS_FIGURE
    assert one(question="求面积![](a.png)", solution="答案是 2。", language="zh").reason is Reason.NEEDS_FIGURE


def test_a_figure_as_text_stands_for_one_told_of_in_words_and_for_no_mark() -> None:
    drawing, table = "\n[asy]draw((0,0));[/asy]", "\n| a | b |\n| --- | --- |\n| 1 | 2 |"
    for figure in (drawing, table):
        assert one(question=f"In the diagram below, find $x$.{figure}") is None
        assert one(question=f"<image_1> Find $x$ below.{figure}").reason is Reason.NEEDS_FIGURE


def test_programs_and_outputs_may_hold_marks() -> None:
    dialogue = (
        Segment(SegmentKind.CODE, "print('<image_1>')"),
        Segment(SegmentKind.OUTPUT, "<image_1>"),
        Segment(SegmentKind.TEXT, "It is 2."),
    )
    assert reason(format="tir", solution=dialogue) is None
    thought = (Segment(SegmentKind.THINK, "I look at <image_1>."), Segment(SegmentKind.TEXT, "It is 2."))
    assert reason(solution=thought) is Reason.NEEDS_FIGURE


@pytest.mark.parametrize(
    "question",
    [
        "As shown in the figure, what is the angle?",
        "In the diagram below, find $x$.",
        "See https://x.org/pictures/a.png and add.",
        "The shaded region is given in the accompanying figure. Find its area.",
        "[Figure: a circle] What is its area as shown in the figure?",
        "如图，求角A。",
    ],
)
def test_a_picture_that_is_not_there_is_needed(question: str) -> None:
    language = "zh" if "如图" in question else "en"
    assert reason(question=question, language=language) is Reason.NEEDS_FIGURE
    assert reason(question=question + "\n[asy]draw((0,0));[/asy]", language=language) is None


@pytest.mark.parametrize(
    "figure",
    [
        "[figure: a circle of radius 2]",
        "[image 1: a circle of radius 2]",
        "[figure of a circle with radius 2]",
        "[figure] a circle of radius 2 [/figure]",
        r"\begin{tikzpicture} \draw (0,0); \end{tikzpicture}",
    ],
)
def test_a_described_figure_is_one(figure: str) -> None:
    assert one(question=f"What is the area as shown in the figure? {figure}") is None


@pytest.mark.parametrize(
    "question",
    [
        "How many 3-digit numbers have a figure 5?",
        "He drew a picture of 5 cats. How many legs?",
        "A figure skater earns 5. How much below 10 is it?",
        "She hangs the picture above the couch. How high is it?",
        "Which image of $x$ under $f$ is 5?",
    ],
)
def test_figures_of_speech_are_not(question: str) -> None:
    assert one(question=question) is None


def test_a_mark_behind_what_only_begins_like_one_is_found_at_once() -> None:
    assert marked("<image" + "1" * 80 + " <image>") == "'<image>'"
    assert marked("![" * 5_000 + " <image>") == "'<image>'"
