"""The clearing engine and its front door: intake, run, book, explain and commands."""

__version__ = "0.1.0"
