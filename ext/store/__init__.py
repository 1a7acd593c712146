"""Records to the columns of a store, and back; what stands for them."""
