#!/bin/sh
# Builds the kernels with bounds checks, in a copy: a read out of bounds is then an IndexError and
# not a wrong sum. They read files that a fuzzer makes, and go through the tests of the kernels.
# $1: the python to use; $2: for how many seconds files are made, 20 where it is not given.
set -eu
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git ls-files -z --cached --others --exclude-standard | xargs -0 tar cf - | tar xf - -C "$copy"
cd "$copy"
ONECARD_DEBUG=1 "$1" setup.py --quiet build_ext --inplace
if "$1" -c "import atheris" 2>/dev/null; then
    PYTHONPATH="$copy" "$1" -m tests.fuzz.guided --seconds "${2:-20}"
else
    echo "atheris is not installed: no fuzzing by the code that is reached"
fi
ONECARD_CHECKED=1 PYTHONPATH="$copy" "$1" -m pytest tests -m kernels -n auto -p no:cacheprovider
