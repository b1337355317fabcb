"""Tests of the embedded partner and of the example."""
