"""Tests of the shapes everything else is built on."""
