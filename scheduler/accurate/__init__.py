"""What estimators inside the members say: the wire, the connections to them, and their answers."""
