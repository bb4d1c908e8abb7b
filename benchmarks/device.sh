#!/usr/bin/env bash
# Our step beside TRL's packed trainer and a padded HF Trainer at the shapes of Qwen2 0.5B and 1.5B, on a machine with a
# GPU and without a network, in one call under 10 minutes.
#
#   benchmarks/device.sh prepare               with a network: puts the wheels that such a machine lacks into benchmarks/carry
#   benchmarks/device.sh [--device cuda]       there: installs them into a throwaway folder and measures
#   benchmarks/device.sh --device cpu          the same with small models and short rows: it runs, it measures nothing
#
# PYTHON names the interpreter that has torch and transformers (default: .venv/bin/python, else python3). The result of a
# GPU lies in benchmarks/results/train_device_cuda.json, case by case.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-$([ -x .venv/bin/python ] && echo .venv/bin/python || echo python3)}
carry=benchmarks/carry

if [ "${1:-}" = prepare ]; then
    mkdir -p "$carry"
    for package in trl==1.16.0 accelerate datasets dill multiprocess xxhash psutil; do
        "$python" -m pip download --quiet --no-deps --only-binary :all: --dest "$carry" "$package"
    done
    echo "$carry is ready: $(ls "$carry" | wc -l) wheels, $(du -sh "$carry" | cut -f1); carry it with the repository"
    exit 0
fi

device=cuda
[ "${1:-}" = --device ] && device=$2
case $device in cpu | cuda) ;; *) echo "device.sh: --device is cpu or cuda, found $device" >&2; exit 2 ;; esac

# What the machine has itself comes first; the wheels only fill the gaps.
extra=$(mktemp -d)
trap 'rm -rf "$extra"' EXIT
for package in trl accelerate datasets dill multiprocess xxhash psutil; do
    if ! "$python" -c "import importlib.util, sys; sys.exit(importlib.util.find_spec('$package') is None)"; then
        "$python" -m pip install --quiet --no-index --no-deps --find-links "$carry" --upgrade --target "$extra" "$package" ||
            { echo "device.sh: $package is missing; run benchmarks/device.sh prepare where there is a network" >&2; exit 2; }
    fi
done
export PYTHONPATH="$extra${PYTHONPATH:+:$PYTHONPATH}" HF_HUB_OFFLINE=1 PYTHONWARNINGS=ignore
timeout 590 "$python" -m benchmarks.train_trl --device "$device" --cases 0.5b_short 0.5b_long 1.5b_short 1.5b_long
