"""Facts about Mews as data: event types, use cases, delivery profiles."""
