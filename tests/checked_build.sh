#!/bin/sh
# Builds the kernels with bounds checks, in a copy, and runs the tests of the kernels on them: a
# read out of bounds is then an IndexError and not a wrong sum. Then files that a fuzzer makes are
# read by them for a while. $1: the python to use; $2: seconds of that, 20 where there is none.
set -eu
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git ls-files -z --cached --others --exclude-standard | xargs -0 tar cf - | tar xf - -C "$copy"
cd "$copy"
ONECARD_DEBUG=1 "$1" setup.py --quiet build_ext --inplace
ONECARD_CHECKED=1 PYTHONPATH="$copy" "$1" -m pytest tests -m kernels -n auto -p no:cacheprovider
if "$1" -c "import atheris" 2>/dev/null; then
    PYTHONPATH="$copy" "$1" -m tests.fuzz.guided --seconds "${2:-20}"
else
    echo "atheris is not installed: no fuzzing by the code that is reached"
fi
