"""Tests of content negotiation, tables and their cells."""
