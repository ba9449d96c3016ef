"""FederatedResourceQuotas: limits given to members, usage seen in members, usage of what is scheduled."""
