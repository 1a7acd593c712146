"""How fast the engine answers one question each: `python -m benchmarks` lists them."""
