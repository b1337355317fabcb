"""Certifies sound services of different kinds with many seeds: none may fail, with any seed.

`python -m tests.soundness` does it, and `make soundness` calls that.
"""
