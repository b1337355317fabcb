"""Tests of the execution of scenarios, with a scripted transport."""
