"""Tests of --mews-start and --mews-app."""
