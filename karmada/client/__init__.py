"""Talk to a Kubernetes API: verbs, informers, leases, events."""
