"""One module per verb family."""
