"""The aggregated API server."""
