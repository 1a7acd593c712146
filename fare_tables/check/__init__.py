"""Proof that every ride has one price, and what to look at where it has not."""
