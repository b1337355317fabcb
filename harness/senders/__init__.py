"""What Mews sends: one package per sender."""
