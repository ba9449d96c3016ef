"""karmada-agent: the stages that serve a member, run inside the member. `main` is its console script.

options.py is what can be set, registration.py makes the member known to the control plane, process.py runs
the rest. The stages are those of the controller manager (member_stages.py), for this one cluster.
"""

from controllers.agent.options import AgentOptions
from controllers.agent.process import main, run

__all__ = ["AgentOptions", "main", "run"]
