"""Why an object runs where it runs: the same decisions the controllers make, told to a user.

world.py reads, policies.py and waits.py judge, account.py puts it together, text.py prints; rendering.py
makes the manifests of each cluster before anything is applied, difference.py compares them with what runs.
commands/why.py and commands/render.py are the doors.
"""
