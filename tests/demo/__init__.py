"""Tests of the demo partner and of the FastAPI example."""
