"""Failures that don't fail the run: waivers, the baseline, expected failures."""
