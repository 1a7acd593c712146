"""Records to the columns of a store."""
