"""Compiled kernels, record layouts and codes. Knows no city, no file and no network."""
