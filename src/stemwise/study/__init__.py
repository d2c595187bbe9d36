"""The trainings behind RESULTS.md: a queue that skips what is done, small tables a song, and what they say."""
