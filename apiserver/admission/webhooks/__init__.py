"""Registered admission webhooks: who is asked about a request, in which words, and what the answer does.

matching.py picks the webhooks (pure), review.py knows their language (pure), registry.py follows the
configurations, asking.py carries a question, mutating.py and validating.py are the two steps of the chain.
"""
