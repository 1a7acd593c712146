"""The plain engine: the same clearing in short, obvious Python, written from RULES.md."""
