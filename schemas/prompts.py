"""What the model is asked to do, per format and language: data, in one place.

The English and Chinese wording of CoT and TIR is DeepSeekMath's own (evaluation/README of deepseek-ai/DeepSeek-Math);
it published none for PoT and none in Portuguese, so those lines are ours. It follows the question after a newline.
A config's own wording (`curate.prompts`) stands in the shards, in the column `instruction`.
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
    (Format.COT, "pt"): r"Raciocine passo a passo e coloque a resposta final dentro de \boxed{}.",
    (Format.POT, "pt"): "Escreva um programa em Python que resolva o problema acima e imprima apenas a resposta final.",
    (Format.TIR, "pt"): (
        "Combine raciocínio em linguagem natural com programas para resolver o problema acima "
        r"e coloque a resposta final dentro de \boxed{}."
    ),
}


def prompt_of(question: str, solution_format: Format, language: str, instruction: str | None = None) -> str:
    """Returns what the user says: the question and, on the next line, the instruction.

    Args:
        question: the problem.
        solution_format: the format that is asked for.
        language: ISO 639-1 code; a language without wording of its own gets the English one.
        instruction: the example's own; null: the built-in wording of format and language.
    """
    built_in = INSTRUCTIONS.get((solution_format, language), INSTRUCTIONS[solution_format, "en"])
    return f"{question}\n{instruction or built_in}"
