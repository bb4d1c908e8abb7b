from schemas.exits import ExitCode
from schemas.manifest import CODE_VERSION
from schemas.verb_process import run_verb


def test_the_last_line_is_of_the_output_or_of_what_went_wrong():
    assert run_verb("--version") == (ExitCode.DONE, f"mathmill {CODE_VERSION}")
    code, told = run_verb("valdate")
    assert (code, told.split(";")[0]) == (ExitCode.COULD_NOT_START, "valdate: unknown verb")
