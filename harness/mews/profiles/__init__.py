"""The delivery profiles: one TOML file per revision, one table per parameter."""
