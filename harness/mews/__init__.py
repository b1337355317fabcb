"""Facts about Mews as data: events, operations, limits, lifecycle, use cases, profiles, facts.

The data is in the TOML files; each module loads one of them into typed objects. Nothing here
imports another package of pytest-mews, so every other package can read it.
"""
