"""The certification scenarios, one TOML file each (`<area>/<ID>.toml`), and their loader."""
