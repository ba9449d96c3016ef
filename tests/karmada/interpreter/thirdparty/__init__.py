"""The kinds of well-known projects."""
