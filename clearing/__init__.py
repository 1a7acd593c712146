"""The clearing engine and its front door: intake, run, book, explain and commands."""
