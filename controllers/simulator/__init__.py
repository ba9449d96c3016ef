"""Embedded member clusters: nodes, kubelet and workload controllers played."""
