"""Failures that do not fail the run: waivers, the baseline, expected failures."""
