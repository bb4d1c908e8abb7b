"""Near-duplicate removal by Data-Juicer's MinHash on a labelled corpus, for `benchmarks.identity --peer-script`.

    python peer_data_juicer.py CORPUS.jsonl KEPT_IDS.txt [default] [WORKERS]

In an environment of its own: pip install py-data-juicer aiohttp (1.6.1 does not name the latter). `default` are the
operator's own parameters: lower-cased words, 5-grams, a Jaccard similarity of 0.7, 256 permutations.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

_CONFIG = """
dataset_path: {corpus}
export_path: {kept}
work_dir: {folder}/work
np: {workers}
text_keys: text
open_tracer: false
use_cache: false
process:
  - document_minhash_deduplicator:
"""


def main(corpus: str, kept: str, mode: str = "default", workers: str = "1") -> None:
    """Writes the ids of what the operator keeps.

    Raises:
        SystemExit: of a mode that it does not know.
    """
    if mode != "default":
        sys.exit(f"mode: {mode}; allowed: default")
    with tempfile.TemporaryDirectory() as folder:
        config, output = Path(folder, "config.yaml"), Path(folder, "kept.jsonl")
        config.write_text(_CONFIG.format(corpus=corpus, kept=output, folder=folder, workers=workers), encoding="utf-8")
        process = Path(sys.executable).with_name("dj-process")
        subprocess.run([process, "--config", config], check=True)
        with output.open(encoding="utf-8") as rows:
            Path(kept).write_text("\n".join(json.loads(row)["id"] for row in rows), encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
