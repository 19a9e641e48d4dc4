#!/bin/sh
# What only a real GPU shows (bench/gpu.py): sh bench/gpu.sh [--runs 3]
#
# Needs a Python with torch, PYTHON or python3. Where this project or nvidia-ml-py is not installed
# for it, they are installed into an environment on top of it that is removed afterwards.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}

if ! "$python" -c 'import pytest_bulkhead, pynvml' 2>/dev/null; then
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    "$python" -m venv --system-site-packages "$folder/venv"
    python=$folder/venv/bin/python
    if ! "$python" -m pip install --quiet '.[gpu]'; then
        echo "bench/gpu.sh: pip cannot install this repository with its extra 'gpu'" >&2
        exit 2
    fi
fi
"$python" -m bench.gpu "$@"
