"""Stock admission plugins that look at other objects than the one being written: limits of a namespace, the
account a pod runs as, its runtime class, what a namespace lets pods do.

Each module is one plugin under Kubernetes' own name; admission/plugins.py puts them in their order. What a
kind's module can judge alone is in admission/kubernetes.
"""
