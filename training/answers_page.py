"""EVAL/index.html: every answer to read, one self-contained file without scripts or network."""

from html import escape
from pathlib import Path
from typing import Any

import pyarrow as pa

from training.generations import Other
from training.results import EvalResult

_STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif }
body { max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse } th, td { text-align: right; padding: .2rem .9rem; border-bottom: 1px solid #8884 }
th:first-child, td:first-child { text-align: left }
details { border-left: 4px solid #c33; margin: .4rem 0; padding: .2rem .8rem } details.passed { border-color: #3a3 }
summary { cursor: pointer } pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #8881; padding: .6rem }
.dim { opacity: .7 }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def write_page(path: Path, result: EvalResult, generations: pa.Table, other: Other | None) -> None:
    """Writes the page: the table of pass@1, then every problem, wrong ones first."""
    lines = "".join(
        f"<tr><td>{escape(name)}</td><td>{line.n}</td><td>{line.passed}</td><td><b>{line.pass_at_1:.1%}</b></td>"
        f"<td>{line.low:.1%} to {line.high:.1%}</td></tr>"
        for name, line in result.formats.items()
    )
    rows = sorted(generations.to_pylist(), key=lambda row: (row["format"], row["passed"], row["id"]))
    path.write_text(
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<title>pass@1 of {escape(result.model)}</title><style>{_STYLE}</style>"
        f"<h1>pass@1 of {escape(result.model)}</h1>"
        "<table><tr><th>format</th><th>problems</th><th>right</th><th>pass@1</th><th>95 % interval</th></tr>"
        f"{lines}</table><h2>Answers</h2>{''.join(map(_answer, rows))}</html>\n",
        encoding="utf-8",
    )


def _answer(row: dict[str, Any]) -> str:
    mark, kind = ("✓", "passed") if row["passed"] else ("✗", "failed")
    ended = "" if row["ended"] else ", did not stop of its own accord"
    return (
        f'<details class="{kind}"><summary>{mark} <b>{row["format"]}</b> {escape(row["question"][:140])}</summary>'
        f"<p>{escape(row['question'])}</p><pre>{escape(row['response'])}</pre>"
        f"<p>answer <b>{escape(str(row['answer']))}</b>, reference <b>{escape(row['reference'])}</b>: "
        f"{escape(row['outcome'])}"
        f' <span class="dim">{escape(row["detail"])}{ended}; {row["tokens"]} tokens, {row["tool_calls"]} programs; '
        f"{escape(row['id'])}</span></p></details>"
    )
