"""Status flows back."""
