"""APIs of other servers behind this one: APIService objects say which, requests for them are passed on.

registrations.py reads the objects, proxy.py passes requests on, availability.py looks whether the other
server is there and what it serves.
"""
