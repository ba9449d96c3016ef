"""karmada-descheduler: gives back replicas that no node takes, so that the scheduler places them elsewhere.

reduce.py decides, controller.py asks and writes, main.py runs it.
"""
