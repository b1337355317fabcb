"""What Mews serves, emulated: the Connector API and the WebSocket server."""
