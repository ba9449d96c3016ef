"""What Karmada knows about a kind: replicas, health, status, retention."""
