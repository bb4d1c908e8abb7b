"""`make bench`: every benchmark in turn. Each prints JSON and keeps it under `benchmarks/results`."""

import subprocess
import sys

COMMANDS = (("benchmarks.store", "throughput"), ("benchmarks.store", "memory"), ("benchmarks.judge",))

if __name__ == "__main__":
    for module, *arguments in COMMANDS:
        print(f"== {module} {' '.join(arguments)}", flush=True)
        subprocess.run([sys.executable, "-m", module, *arguments], check=True)
