"""Arithmetic as people write it -> Python of the same value: for calculator annotations and for equation columns.

Nothing is executed: expressions are parsed, and computed here with Python's own arithmetic on their literals, so that
what a program will print is known. What does not come out at the exact value is not translated.
"""

import ast
import operator
import re
from collections.abc import Mapping
from fractions import Fraction
from types import MappingProxyType

from validation.answers.arithmetic import calculate

LONGEST, MOST_SIGNS = 400, 60
"""characters and signs of arithmetic that is read, before any parsing; 37,462 published ones have at most 30 and 11

Signs nest as deep as they are many, and the parser and every walk over its tree have a stack.
"""
NUMBER = re.compile(r"\d+(?:\.\d+)?|\.\d+")
_READABLE = re.compile(r"[\d.+\-*/() ]+")
_MIXED = re.compile(r"(\d+)\(+(\d+)\)?/\(?(\d+)\)+")
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)%")
_BRACKETS = str.maketrans("[]{}（）×÷", "()()()*/")
_MOST_PLACES = 6
_OPERATORS = MappingProxyType(
    {
        ast.Add: operator.add,
        ast.Sub: operator.sub,
        ast.Mult: operator.mul,
        ast.Div: operator.truediv,
        ast.FloorDiv: operator.floordiv,
        ast.Pow: operator.pow,
    }
)
_NOTHING: Mapping[str, str] = MappingProxyType({})
_NO_VALUES: Mapping[str, int | float] = MappingProxyType({})


class NotPythonError(Exception):
    """The arithmetic does not carry over to a Python expression of the same value."""


def translate(
    arithmetic: str,
    exact: Fraction,
    linked: Mapping[str, str] = _NOTHING,
    values: Mapping[str, int | float] = _NO_VALUES,
) -> tuple[str, int | float]:
    """Writes arithmetic as Python: `//` where a division of integers has no rest, `round` where floats make noise.

    Args:
        arithmetic: digits, + - * / ** and parentheses.
        exact: the value that must come out.
        linked: numbers (as `plain_number` writes them) that stand for a variable.
        values: the values of those variables.

    Returns:
        The expression and what Python makes of it.

    Raises:
        NotPythonError: anything else stands there, or the value is another one.
    """
    if not _is_bounded(arithmetic) or not _READABLE.fullmatch(arithmetic):
        raise NotPythonError(arithmetic)

    def number(match: re.Match[str]) -> str:
        plain = plain_number(match[0])
        return linked.get(plain) or plain

    try:
        tree = ast.parse(NUMBER.sub(number, arithmetic.strip()), mode="eval").body
        value = _evaluate(tree, values)
    except (SyntaxError, OverflowError, ZeroDivisionError) as error:
        raise NotPythonError(arithmetic) from error
    expression = ast.unparse(tree)
    if _is(value, exact):
        return expression, value
    places = next((places for places in range(1, _MOST_PLACES + 1) if (exact * 10**places).denominator == 1), None)
    if places is None or not _is(value := round(value, places), exact):
        raise NotPythonError(arithmetic)
    return f"round({expression}, {places})", value


def _is_bounded(arithmetic: str) -> bool:
    return len(arithmetic) <= LONGEST and sum(map(arithmetic.count, "+-*/^")) <= MOST_SIGNS


def _is(value: int | float, exact: Fraction) -> bool:
    return value == exact if isinstance(value, int) else Fraction(repr(value)) == exact


def write_program(equation: str) -> str:
    """Writes the program of an equation column: `x=120*80%*15%`, `( 76.0 - 25.0 )`, `5(7/10)+1`.

    A value that no decimal holds is computed with fractions.

    Raises:
        NotPythonError: it is no arithmetic.
    """
    if not _is_bounded(equation):
        raise NotPythonError(equation)
    text = equation.translate(_BRACKETS).replace("^", "**").strip()
    text = re.sub(r"^[A-Za-z]\s*=|=\s*[A-Za-z]$", "", text)
    text = _PERCENT.sub(r"(\1/100)", _MIXED.sub(r"(\1+\2/\3)", text))
    exact = calculate(text)
    if exact is None:
        raise NotPythonError(equation)
    try:
        expression, _ = translate(text, exact)
    except NotPythonError:
        return f"from fractions import Fraction\n\nanswer = {_with_fractions(text)}\nprint(answer)"
    return f"answer = {expression}\nprint(answer)"


class _Fractions(ast.NodeTransformer):
    """Turns divisions into fractions, and decimals into what they stand for."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        return _call(node.left, node.right) if isinstance(node.op, ast.Div) else node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return _call(ast.Constant(repr(node.value))) if isinstance(node.value, float) else node


def _call(*arguments: ast.expr) -> ast.Call:
    return ast.Call(ast.Name("Fraction"), list(arguments), [])


def _with_fractions(text: str) -> str:
    if not _READABLE.fullmatch(text):
        raise NotPythonError(text)
    try:
        tree = ast.parse(NUMBER.sub(lambda match: plain_number(match[0]), text), mode="eval").body
        _evaluate(tree, {})
    except (SyntaxError, OverflowError, ZeroDivisionError) as error:
        raise NotPythonError(text) from error
    return ast.unparse(_Fractions().visit(tree))


def plain_number(text: str) -> str:
    """Writes a number without needless zeros, so that equal decimals are equal texts: `007` -> `7`, `.50` -> `0.5`."""
    whole, point, decimals = text.partition(".")
    decimals = decimals.rstrip("0")
    return (whole.lstrip("0") or "0") + (point + decimals if decimals else "")


def _evaluate(node: ast.expr, values: Mapping[str, int | float]) -> int | float:
    """Computes as Python does; turns `/` into `//` in place where that keeps integers integers."""
    match node:
        case ast.Constant(value=int() | float() as value):
            return value
        case ast.Name(id=name):
            return values[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_evaluate(operand, values)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _evaluate(operand, values)
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _OPERATORS:
            first, second = _evaluate(left, values), _evaluate(right, values)
            if isinstance(sign, ast.Div) and isinstance(first, int) and isinstance(second, int) and first % second == 0:
                node.op = sign = ast.FloorDiv()
            result: int | float = _OPERATORS[type(sign)](first, second)
            return result
    raise NotPythonError(ast.dump(node))
