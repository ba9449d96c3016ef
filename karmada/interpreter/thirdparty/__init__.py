"""What Karmada knows about the kinds of well-known projects: Kruise, Flux, Kubeflow, Ray and others.

One module per project, loaded when one of its kinds is first met; catalogue.py says which kinds there are.
"""
