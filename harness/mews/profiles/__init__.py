"""The delivery profiles: one TOML file per revision, one table per parameter.

A documented value names its fact; a value without one is our assumption, and the note says why.
"""
