"""Files of bytes to Tap records: every record ends as one tap or one refusal with its place."""
