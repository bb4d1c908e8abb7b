"""What each verb takes by name: a flag given to the wrong verb is answered with the verbs that have it.

The rooms' own signatures are the truth, which importing a room would cost; a test compares.
"""

import difflib

FLAGS: dict[str, frozenset[str]] = {
    "curate": frozenset({"against", "debug", "draft", "output", "overwrite", "preview", "set", "strict", "workers"}),
    "validate": frozenset(
        {"adapter", "baseline", "columns", "config", "data-docs", "debug", "draft", "format", "output", "set"}
    ),
    "train": frozenset({"data", "debug", "draft", "output", "resume", "set"}),
    "evaluate": frozenset({"checkpoint", "data", "debug", "draft", "model", "output", "set"}),
    "prove": frozenset({"data", "debug", "model", "rows", "set"}),
    "trace": frozenset({"against", "debug", "reason"}),
    "export": frozenset({"debug", "draft", "format", "output", "to"}),
    "review": frozenset({"accept", "by", "debug", "output", "reject"}),
    "clean": frozenset({"debug", "yes"}),
    "doctor": frozenset({"debug"}),
}
"""flags by verb, without their dashes"""
ARGUMENTS = {
    "curate": ("config",),
    "validate": ("data",),
    "train": ("config",),
    "evaluate": ("config",),
    "prove": ("config",),
    "trace": ("data",),
    "export": ("data",),
    "review": ("data",),
    "clean": ("data",),
    "doctor": ("folder",),
}
"""what a verb takes without a name"""


def elsewhere(verb: str, flag: str) -> str:
    """Where a flag belongs that a verb does not have: to the verb's argument, to other verbs; empty: nowhere known.

    Args:
        verb: the verb that was given it.
        flag: its name, without dashes.
    """
    places = []
    if flag in ARGUMENTS.get(verb, ()):
        places.append(f"{verb} takes {flag.upper()} as its argument: mathmill {verb} {flag.upper()}")
    if takers := [other for other, flags in FLAGS.items() if flag in flags and other != verb]:
        head, last = ", ".join(takers[:-1]), takers[-1]
        places.append(f"--{flag} belongs to {f'{head} and {last}' if head else last}")
    return "; ".join(places)


def nearest(name: str) -> str:
    """The verb that a mistyped one may mean; empty: none is near."""
    starts = [verb for verb in FLAGS if len(name) > 2 and verb.startswith(name)]
    return next(iter(starts or difflib.get_close_matches(name, [*FLAGS, "demo"], n=1)), "")
