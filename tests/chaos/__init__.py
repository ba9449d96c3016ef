"""The server is killed again and again while clients use it."""
