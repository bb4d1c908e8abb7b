#!/usr/bin/env bash
# Our step on a machine with a GPU and without a network, in one call under nine minutes: first that it computes what it
# should there, then beside TRL's packed trainer and a padded HF Trainer at the shapes of Qwen2 0.5B and 1.5B.
#
#   benchmarks/device.sh prepare [3.12]        with a network: puts the wheels that such a machine may lack, for its
#                                              version of Python, into benchmarks/carry; carry that with the repository
#   benchmarks/device.sh [--device cuda] [--cases 1.5b_long ...]
#                                              there: installs what is missing into a throwaway folder and measures
#   benchmarks/device.sh --device cpu          the same with small models and short rows: it runs, it measures nothing
#
# PYTHON names the interpreter that has torch and transformers (default: .venv/bin/python, else python3). What it finds
# lies in benchmarks/results/train_device_cuda.json, and in $OUT where that is set; it is written after every run, so
# that a call which is cut short keeps what it measured.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-$([ -x .venv/bin/python ] && echo .venv/bin/python || echo python3)}
carry=benchmarks/carry
packages="trl==1.16.0 accelerate==1.15.0 datasets==5.2.0 dill multiprocess xxhash psutil
    pydantic pydantic-core annotated-types typing-inspection"

if [ "${1:-}" = prepare ]; then
    version=${2:-3.12}
    platforms=$(printf -- '--platform manylinux%s_x86_64 ' 1 2014 _2_17 _2_24 _2_27 _2_28 _2_34)
    rm -rf "$carry"
    # shellcheck disable=SC2086  words on purpose
    "$python" -m pip download --quiet --no-deps --only-binary :all: --constraint constraints.txt \
        --python-version "$version" --implementation cp $platforms --dest "$carry" $packages
    echo "$carry: $(ls "$carry" | wc -l) wheels for Python $version, $(du -sh "$carry" | cut -f1); carry it with the repository"
    exit 0
fi

device=cuda
if [ "${1:-}" = --device ]; then
    device=${2:-}
    shift 2 || true
fi
case $device in cpu | cuda) ;; *) echo "device.sh: --device is cpu or cuda, found '$device'" >&2; exit 2 ;; esac
[ $# -gt 0 ] || set -- --cases 0.5b_short 1.5b_short 0.5b_long 1.5b_long

# What the machine has itself comes first; the wheels only fill the gaps.
extra=$(mktemp -d)
trap 'rm -rf "$extra"' EXIT
missing=
for package in $packages; do
    package=${package%%=*}
    "$python" -c "import importlib.util, sys; sys.exit(importlib.util.find_spec('${package//-/_}') is None)" ||
        missing="$missing $package"
done
if [ -n "$missing" ]; then
    # shellcheck disable=SC2086  words on purpose
    "$python" -m pip install --quiet --no-index --no-deps --find-links "$carry" --target "$extra" $missing || {
        echo "device.sh: for$missing a wheel is missing that fits $("$python" -V); run benchmarks/device.sh prepare" \
            "VERSION where there is a network" >&2
        exit 2
    }
fi
export PYTHONPATH="$PWD:$extra${PYTHONPATH:+:$PYTHONPATH}" HF_HUB_OFFLINE=1 PYTHONWARNINGS=ignore PYTHONUNBUFFERED=1

if ! "$python" -c "import sys, torch; sys.exit('$device' == 'cuda' and not torch.cuda.is_available())"; then
    echo "device.sh: $python has no torch that sees a CUDA device" >&2
    exit 2
fi
found=0
tests=$(mktemp)
trap 'rm -rf "$extra" "$tests"' EXIT
timeout 140 "$python" -m pytest tests/training/test_device.py -q -k "$device" -p no:cacheprovider -o filterwarnings= | tee "$tests" ||
    { found=1; echo "device.sh: the step does not compute what it should, or could not be tested; measuring all the same" >&2; }
"$python" -m benchmarks.train_trl --device "$device" --budget 390 --tests "$(tail -n 1 "$tests")" ${OUT:+--output "$OUT/train_device_$device.json"} "$@" || found=1
exit $found
