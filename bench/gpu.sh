#!/bin/sh
# What only a real GPU shows (bench/gpu.py): sh bench/gpu.sh [--runs 3]
#
# Needs a Python with torch, PYTHON or python3. Where it lacks this project or nvidia-ml-py, they are
# installed beside it, into a folder that is removed afterwards: an environment on top of it would not
# see the packages of one that is such an environment itself.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}

has() {
    "$python" -c "import $1" 2>/dev/null
}

if ! has pytest_bulkhead || ! has pynvml; then
    missing='.[gpu]'
    if has pytest_bulkhead; then missing='nvidia-ml-py>=12'; fi
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    if ! "$python" -m pip install --quiet --target "$folder" "$missing"; then
        echo "bench/gpu.sh: $python -m pip cannot install $missing" >&2
        exit 2
    fi
    export PYTHONPATH="${PYTHONPATH:+$PYTHONPATH:}$folder"
fi
"$python" -m bench.gpu "$@"
