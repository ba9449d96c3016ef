"""InterpreterError: an object cannot be interpreted as its kind."""


class InterpreterError(Exception):
    """An operation failed on an object; trying it again on the same object is in vain."""
