"""The journey of an object, told."""
