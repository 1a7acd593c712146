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
echo "installing python3-venv and python3-dev, which $1 lacks"
if [ "$(id -u)" = 0 ]; then as_root=; else as_root=sudo; fi
{ $as_root apt-get update -qq && $as_root apt-get install -y -qq python3-venv python3-dev; } ||
    { echo "install python3-venv and python3-dev (Python.h), then call make again"; exit 2; }
