"""Where clients say who they are before there is a server for them: we greet, offer, and collect one login at a time."""
