"""karmada-scheduler-estimator: how much really fits into one member, asked over gRPC.

nodes.py and quotas.py are the rules, state.py what is known of the member, service.py answers, main.py runs
it.
"""
