"""The detector: which policy a template follows. controller.py tells it; assembly.py puts it together."""
