"""The life of a Cluster."""
