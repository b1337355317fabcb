"""The twin of the Connector API: its operations as functions of state and request, and doors."""
