"""Mutators and validators between decoding and storage."""
