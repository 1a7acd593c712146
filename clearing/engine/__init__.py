"""A run: the order of the stages, from files to a committed ledger."""
