"""Fare tables to the arrays that the pricing kernels read."""
