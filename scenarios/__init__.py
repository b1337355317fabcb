"""The certification scenarios: one TOML file each, `<area>/<ID>.toml`; no Python."""
