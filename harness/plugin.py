"""pytest-mews: the plugin module (being written)."""
