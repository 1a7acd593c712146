"""One module for each question that a person or a machine asks."""
