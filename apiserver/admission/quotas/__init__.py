"""ResourceQuota admission: what a write would use is charged to the quotas of its namespace, or refused.

checking.py decides (pure), charging.py is the step of the chain and writes the new sums.
"""
