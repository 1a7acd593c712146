"""python -m benchmarks.peers: the same as `python -m benchmarks peers`."""

import sys

from benchmarks.peers import main

main(sys.argv[1:])
