"""Texts that could cost more than their share: pieces of what patterns and scanners look for, again and again.

Each unit is repeated, nested, nearly finished, wrapped in what a solution is wrapped in, and followed by another.
"""

from collections.abc import Callable, Mapping

UNITS: tuple[str, ...] = (
    *"a1({[$|!^_~&%.,-=<>*/\\'\";:?#@`一½②éا🙂",
    *("\n", " ", "\t", "\r", "\r\n", "\u00a0", "\u3000", "\u2028", "\x85", "e\u0301", "\u0301", "\ufdfa", "\u202e"),
    *("12 ", "1+", "1+1=2 ", "1 + 1 = 2\n", "= ", "1=", "x=", "1,", "1,000,", "1 000 ", "0.1", "1e9", "2^", "10^9^"),
    *("$$", "$1$ ", "$5 ", "\\$", "\\(", "\\)", "\\[", "\\]", "\\{", "\\\\", "\\,", "\\;", "\\!", "\\quad "),
    *("\\boxed{", "\\boxed{1}", "\\frac", "\\frac{", "\\frac{1}{2}", "\\dfrac12", "\\sqrt{", "\\left(", "\\text{"),
    *("\\text{a", "\\mathrm{a}", "\\mathbf{", "\\overline{3}", "^{\\circ}", "^{", "_{", "}{", "){", "}}", "))", "]]"),
    *("\\begin{a}", "\\begin{align}", "\\begin{array}", "\\end{a}", "\\end{align*}", "1 & 2 \\\\ ", "|---", "\\\\ &"),
    *("```", "```\n", "```python\n", "```output\n", "```py\nx\n", "\n```output\nx\n```\n", "``` \n", "```x"),
    *("<think>", "</think>", "<think>\n", "<llm-code>", "<llm-code-output>", "<tool_call>", "<|code|>", "<|text|>"),
    *("<|execution|>", "<|endofblock|>", "<<", ">>", "<<1", "<<1+1=2>>", "<<1+1=2>>2\n", "<a ", "<svg", "<img "),
    *("![a](", "[asy]", "[/asy]", "[asy]x[/asy]", "![", "http://", "https://a.", "https://a.png ", "**", "**a", "__"),
    *("#### ", "#### 5\n", "####", "answer is ", "The answer is 5. ", "Final Answer: ", "Step 1: ", "Therefore, "),
    *("So ", "Answer:", "answer:\n", "the answer", "is the answer ", "= \\boxed{", "A) 1 B) 2 ", "(A) ", "a or b "),
    *("as shown in ", "shown in the figure ", "figure ", "prove that ", "one hundred ", "twenty-one ", "and ", "half "),
    *("hundred ", "百万", "千", "two thirds ", "12:30 ", "May 5th ", "5 km/h ", "kg ", "per ", "the ", "a b c d e f "),
    *("def f():\n", "import os\n", "print(1)\n", "x+", "x*", "(x+1)", "(x+1)^", "x^2+", "C(", "5!", "\\binom{9}{4}"),
    *("0.(3)", "\\cdot", "\\times", "\\pm", "1\\pm", "\\le", "x<", "(1,", "(1,2),", "[1,2]\\cup", "\\cup", "{1,"),
    *("{1},", "\\sin", "\\log_", "\\pi+", "1. ", "- a\n", "| a | b |\n", "a.\n\n", '{"a":', '"a",', "&amp;", "&#x0;"),
    *("</", "]]>"),
)  # fmt: skip

_STRIDE = 37
"""From a unit to the one that follows it: with no common divisor, so that every unit follows and is followed."""


def followed_by(unit: str) -> str:
    """The unit that another one is mixed with."""
    return UNITS[(UNITS.index(unit) + _STRIDE) % len(UNITS)]


def shapes(unit: str) -> Mapping[str, Callable[[int], str]]:
    """Texts of about a number of characters that hold a unit again and again."""
    other = followed_by(unit)

    def times(size: int) -> int:
        return max(1, size // len(unit))

    return {
        "repeated": lambda size: unit * times(size),
        "between words": lambda size: "so x" + unit * times(size) + "y is it.",
        "nested": lambda size: unit * (times(size) // 2) + "1" + "})]$" * (size // 8),
        "nearly": lambda size: (unit + " x ") * (size // (len(unit) + 3)) + unit[:-1],
        "lines": lambda size: (unit + "\n") * (size // (len(unit) + 1)),
        "in a box": lambda size: "So it is $\\boxed{" + unit * times(size) + "}$.",
        "then another": lambda size: unit * (times(size) // 2) + other * (size // 2 // len(other)),
        "alternating": lambda size: (unit + other) * max(1, size // (len(unit) + len(other))),
    }
