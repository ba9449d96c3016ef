"""What the server itself knows about built-in Kubernetes kinds: RULES by (group, resource)."""
