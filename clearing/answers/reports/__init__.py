"""Reports for people: what a day or a month came to, and what somebody should look at."""
