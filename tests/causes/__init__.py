"""Tests of the causes of failures."""
