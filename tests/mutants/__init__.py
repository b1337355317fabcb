"""Changes one expression of the FastAPI example at a time, and certifies each mutant.

`python -m tests.mutants` does it, and `make mutants` calls that.
"""
