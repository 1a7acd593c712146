"""Taps of a partition to balanced entries and sums."""
