"""Objects in detail, as kubectl's describe lays them out.

layout.py aligns, generic.py describes anything field by field, pods.py, workloads.py and config.py know the
common built-in kinds, events.py adds what happened. commands/describe.py chooses.
"""
