"""One line a session: what is recorded, how it is written, and where it goes."""
