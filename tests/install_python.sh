#!/bin/sh
# Makes sure that a Python can build kernels in a virtual environment, by apt where it may.
# $1: the python to use.
set -u
"$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    { echo "$1 is older than Python 3.11, or missing: call make with PYTHON=python3.11"; exit 2; }
"$1" - <<'PYTHON' && exit 0
import os, sys, sysconfig
header = os.path.join(sysconfig.get_path("include"), "Python.h")
try:
    import ensurepip
except ImportError:
    sys.exit(1)
sys.exit(not os.path.exists(header))
PYTHON
# Nobody's rights but our own: who is not root is told what to ask an administrator for.
if [ "$(id -u)" = 0 ]; then
    echo "installing python3-venv and python3-dev, which $1 lacks"
    apt-get update -qq && apt-get install -y -qq python3-venv python3-dev && exit 0
fi
echo "$1 lacks python3-venv or python3-dev (Python.h): have both installed, then call make again"
exit 2
