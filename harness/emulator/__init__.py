"""Emulates the servers of Mews that a partner connects to: Connector API and WebSocket."""
