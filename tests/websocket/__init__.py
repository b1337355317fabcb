"""Tests of the WebSocket emulator."""
