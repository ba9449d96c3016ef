"""Duties of a stock kube-controller-manager."""
