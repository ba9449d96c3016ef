"""Scaling of templates: by the clock (cron_controller.py). Replicas go to templates, never to members."""
