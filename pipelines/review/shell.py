"""The page around a row: keys as buttons, dialogs, the queues, and the pages about people and rules."""

import json
import unicodedata
from collections.abc import Collection, Sequence
from importlib.resources import files
from typing import Any

from pipelines.review.queues import QueueName
from schemas.wording import amount
from validation.dataset.report.markup import Child, Markup, tag

ADJUDICATE = "adjudicate"
MOST_NAME, MOST_COMMENT = 60, 2000
"""characters of a person's name and of a comment"""
NO_NAME = f"a name is up to {MOST_NAME} letters that can be seen"
_QUEUES = {
    QueueName.QUARANTINED.value: "Quarantined",
    QueueName.DOUBTFUL.value: "Doubtful",
    QueueName.AUDIT.value: "Audit",
    ADJUDICATE: "Adjudicate",
}
_KEYS = (
    ("accept", "a", "Accept"),
    ("reject", "r", "Reject"),
    ("unsure", "u", "Unsure"),
    ("skip", "s", "Skip"),
    ("undo", "z", "Undo"),
    ("note", "n", "Note"),
    ("edit", "e", "Edit"),
    ("rerun", "x", "Run"),
    ("groups", "g", "Groups"),
    ("help", "?", "Help"),
    ("save", "d", "Save"),
)
_IN_AUDIT = {"accept": "Rule is right", "reject": "Rule is wrong"}
_HELP = (
    ("a", "accept the row; in an audit: the rule is right"),
    ("r", "reject the row; in an audit: the rule is wrong"),
    ("u", "unsure: not decided, and somebody who adjudicates sees it"),
    ("s", "skip: not decided, it comes again at the end"),
    ("z", "undo what you did last, a whole group too"),
    ("n", "a note, which goes with the decision"),
    ("e", "correct answer or text, and accept"),
    ("x", "run the row's programs again, beside what is recorded"),
    ("g", "groups: jump to one, or settle it at once"),
    ("d", "save your decisions, as a download"),
    ("j k", "down and up"),
    ("?", "this help"),
)


_JOINERS = str.maketrans("", "", "\u200c\u200d")  # which words of some languages and some emoji have inside


def name_of(text: str) -> str | None:
    """A person's name as it stands beside decisions; None where nobody can see or say it."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    seen = name.translate(_JOINERS)
    return name if seen and seen.isprintable() and len(name) <= MOST_NAME else None


_LINKS = (tag("link", rel="stylesheet", href="/review.css"), tag("script", src="/review.js", defer=True))
_YOUR_NAME = "Your name, as it stands beside your decisions"
_STYLES = (("validation.dataset.report", "report.css"), ("pipelines.review", "review.css"))


def style() -> str:
    """The page's style: the report's, by which an example looks the same, and the page's own."""
    return "\n".join(files(room).joinpath(name).read_text("utf-8") for room, name in _STYLES)


def script(name: str = "review.js") -> str:
    """The page's script."""
    return files("pipelines.review").joinpath(name).read_text("utf-8")


def page(
    *,
    state: dict[str, Any],
    queues: Sequence[str],
    csrf: str,
    tail: Child = None,
    head: Child = None,
    saves: bool = False,
) -> Markup:
    """The whole page.

    Args:
        state: what the script begins with: queue, person and the first row.
        queues: the names of those that this person sees.
        csrf: what the script sends with every change.
        tail: what stands at the end of the body, such as the rows of a page without a server.
        head: styles and scripts, where they are not the server's.
        saves: whether decisions are saved by hand, because there is no server.
    """
    audit = state["queue"] == QueueName.AUDIT
    left_out = {"rerun" if saves else "save"} | ({"edit"} if audit else set())
    return document(
        f"Review: {state['name']}",
        [head or _LINKS, tag("meta", name="mathmill-csrf", content=csrf)],
        _masthead(state, queues),
        tag("main", tag("div", id="card"), tag("div", id="rerun"), _keys(audit, left_out), id="main"),
        tag("p", id="told", role="status", aria_live="polite"),
        _dialogs(left_out),
        _name_dialog() if saves else None,
        tag("script", Markup(_embedded(state)), type="application/json", id="state"),
        tail,
    )


def document(title: str, head: Child, *body: Child) -> Markup:
    """An HTML document."""
    metas = [
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
    ]
    whole = tag("html", tag("head", metas, tag("title", title), head), tag("body", *body), lang="en")
    return Markup(f"<!doctype html>\n{whole}")


def who_page(csrf: str, names: Sequence[str]) -> Markup:
    """Asks for a name."""
    return document(
        "Review: who are you?",
        [_LINKS, tag("meta", name="mathmill-csrf", content=csrf)],
        tag(
            "main",
            tag("h1", "Who are you?"),
            tag(
                "form",
                tag("label", _YOUR_NAME, for_="person"),
                tag(
                    "input",
                    id="person",
                    name="person",
                    required=True,
                    maxlength=MOST_NAME,
                    autofocus=True,
                    list="names",
                ),
                tag("datalist", [tag("option", value=name) for name in names], id="names"),
                tag("button", "Begin", type="submit"),
                id="who",
            ),
            tag("p", id="told", role="status", aria_live="polite"),
            class_="who",
        ),
    )


def _masthead(state: dict[str, Any], queues: Sequence[str]) -> Markup:
    links = [
        tag("a", _QUEUES[name], href=f"/?queue={name}", aria_current="page" if name == state["queue"] else None)
        for name in queues
    ]
    people = tag("a", "Standing", href="/standing") if queues else None
    person = tag("bdi", state["person"])
    return tag(
        "header",
        tag("span", "mathmill", class_="brand"),
        tag("nav", links, people, aria_label="Queues"),
        tag("span", tag("a", person, href="/who", title="Somebody else?") if queues else person, id="who-am-i"),
        tag("span", id="left", role="status", aria_live="off"),
        class_="topbar",
    )


def _keys(audit: bool, left_out: Collection[str]) -> Markup:
    buttons = [
        tag(
            "button",
            tag("span", (audit and _IN_AUDIT.get(action)) or label),
            tag("kbd", key, aria_hidden="true"),
            type="button",
            data_action=action,
            aria_keyshortcuts=key,
        )
        for action, key, label in _KEYS
        if action not in left_out
    ]
    return tag("div", buttons, class_="keybar", role="toolbar", aria_label="Decide")


def _dialogs(left_out: Collection[str]) -> list[Markup]:
    note = tag("textarea", id="note", rows=4, maxlength=MOST_COMMENT)
    fields = [
        (tag("label", name.capitalize(), for_=f"edit-{name}"), tag("textarea", id=f"edit-{name}", rows=rows))
        for name, rows in (("answer", 1), ("question", 5), ("solution", 10))
    ]
    unused = {key for action, key, _ in _KEYS if action in left_out}
    help_rows = [
        tag("div", tag("dt", tag("kbd", key)), tag("dd", meaning)) for key, meaning in _HELP if key not in unused
    ]
    return [
        _dialog("note", "Note", tag("label", "It goes with your decision", for_="note"), note, done="Keep the note"),
        _dialog("edit", "Correct and accept", *fields, done="Accept the correction"),
        _dialog("groups", "Groups", tag("div", id="group-list")),
        _dialog("help", "Keys", tag("dl", help_rows, class_="help")),
    ]


def _name_dialog() -> Markup:
    """Asks for a name, where no server knows it."""
    label = tag("label", _YOUR_NAME, for_="person-name")
    return _dialog("name", "Who are you?", label, tag("input", id="person-name", maxlength=MOST_NAME), done="Begin")


def _dialog(name: str, title: str, *body: Child, done: str = "") -> Markup:
    buttons = [tag("button", done, value="done", class_="done") if done else None, tag("button", "Close", value="")]
    form = tag(
        "form", tag("h2", title, id=f"{name}-title"), *body, tag("p", buttons, class_="buttons"), method="dialog"
    )
    return tag("dialog", form, id=f"{name}-dialog", aria_labelledby=f"{name}-title")


def _embedded(state: dict[str, Any]) -> str:
    """JSON that ends no script, whatever it holds."""
    return json.dumps(state, ensure_ascii=True).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def nothing_left(person: str, decided: int, next_step: tuple[str, str], *, rules: bool = False) -> Markup:
    """What stands where no row is left.

    Args:
        person: who is done.
        decided: rows of this queue that this person has answered.
        next_step: what is done now: in words, and the command for it; no command in an audit, which decides nothing.
        rules: whether of an adjudicator.
    """
    words, command = next_step
    what = "Nothing is disputed." if rules else "Nothing is left in this queue."
    done = tag("p", tag("bdi", person), f" has answered {amount(decided, 'row')}. ", words)
    shown = tag("p", tag("code", command)) if command else None
    return tag("section", tag("h1", what), done, shown, class_="finished", tabindex="-1", id="row")
