"""Fuzzers of what an endpoint sends back, and of what strangers send to the emulators."""
