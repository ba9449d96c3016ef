"""Workloads leave clusters: because of taints, because they stay unhealthy; and when the old copy goes."""
