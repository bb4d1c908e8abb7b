"""What the model is asked to do, per format and language: data, in one place.

The wording of CoT and TIR is DeepSeekMath's own (evaluation/README of deepseek-ai/DeepSeek-Math); it published none for
PoT, so that line is ours. It follows the question after a newline.
"""

from schemas.problem import Format

INSTRUCTIONS: dict[tuple[Format, str], str] = {
    (Format.COT, "en"): r"Please reason step by step, and put your final answer within \boxed{}.",
    (
        Format.POT,
        "en",
    ): "Please write a Python program that solves the problem above and prints only the final answer.",
    (Format.TIR, "en"): (
        "Please integrate natural language reasoning with programs to solve the problem above, "
        r"and put your final answer within \boxed{}."
    ),
    (Format.COT, "zh"): r"请通过逐步推理来解答问题，并把最终答案放置于\boxed{}中。",
    (Format.POT, "zh"): "请编写一个Python程序来解答问题，只打印最终答案。",
    (Format.TIR, "zh"): r"请结合自然语言和Python程序语言来解答问题，并把最终答案放置于\boxed{}中。",
}


def prompt_of(question: str, solution_format: Format, language: str) -> str:
    """Returns what the user says: the question and, on the next line, the format's instruction.

    A language without wording of its own gets the English one.
    """
    instruction = INSTRUCTIONS.get((solution_format, language), INSTRUCTIONS[solution_format, "en"])
    return f"{question}\n{instruction}"
