"""Bytes of a file to taps and refusals."""
