"""The page as one file: no server, no network; its decisions are kept in the browser and saved as a download.

The policy names the hashes of the page's one style and one script: nothing else can run or load, whatever a row says.
"""

import shlex
from pathlib import Path

from pipelines.review.corrected import texts_of_row
from pipelines.review.desk import facts_of
from pipelines.review.opened import OpenedData
from pipelines.review.queues import Queue
from pipelines.review.row_view import row_view
from pipelines.review.shell import nothing_left, page, script, style
from schemas.files import replacing
from validation.dataset.report.markup import Markup, policy, tag


def write_single_file(data: OpenedData, queue: Queue, path: Path, *, person: str | None, rows: int) -> int:
    """Writes the page of the first rows of a queue; returns how many rows stand in it.

    Args:
        data: the data set.
        queue: the rows.
        path: the HTML file.
        person: who will decide; None: the page asks.
        rows: at most.
    """
    shown = min(rows, queue.asked)
    asked, bodies, titles = [], [], {}
    for at in range(shown):
        row = data.row(int(queue.places[at]))
        candidate = data.candidate(row)
        group = queue.group_at(at)
        titles[group.name] = group.title
        asked.append(facts_of(row) | {"group": group.name, "texts": texts_of_row(candidate)})
        bodies.append(tag("template", row_view(data, row, candidate), data_row=at))
    state = {
        "queue": queue.name.value,
        "person": person or "",
        "name": data.name,
        "data": data.manifest.fingerprint[:16],
        "rows": asked,
        "groups": [*titles],
        "titles": [*titles.values()],
    }
    saved = f"decisions-{person or 'NAME'}.jsonl"
    bring_back = shlex.join(("mathmill", "review", data.name, "--import", saved))
    finished = nothing_left(
        person or "somebody", shown, ("Save the decisions with d, and bring them back with", bring_back)
    )
    scripts = f"{script('single_file.js')}\n{script()}"
    head = [
        tag("meta", http_equiv="Content-Security-Policy", content=policy(style(), scripts)),
        tag("style", Markup(style())),
    ]
    whole = page(
        state=state,
        queues=(),
        csrf="",
        head=head,
        tail=[bodies, tag("template", finished, id="finished"), tag("script", Markup(scripts))],
        saves=True,
    )
    with replacing(path) as temporary:
        temporary.write_text(whole, encoding="utf-8")
    return shown
