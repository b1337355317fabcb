"""What the user chose, checked: options, files, profiles, tenants."""
