"""The validated configuration of a run: options, files, profiles, tenants."""
