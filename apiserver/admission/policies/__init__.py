"""ValidatingAdmissionPolicies and MutatingAdmissionPolicies: rules in CEL that users register.

policy.py compiles one, matching.py and params.py say what it is about, registry.py keeps those there are,
validating.py and mutating.py are the two admission steps, written.py judges policies when they are written.
"""
