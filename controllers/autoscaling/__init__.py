"""Scaling of templates: by metrics, by the clock. Replicas go to templates, never to members."""
