"""Tests of the kit for partners' own pytest suites."""
