"""exec, attach and logs of containers: what a kubelet would answer, for servers that play one.

runtime.py is the seam to whoever runs the containers; websocket.py and spdy.py are the two wires clients
speak; conversation.py chooses between them and tells the end.
"""
