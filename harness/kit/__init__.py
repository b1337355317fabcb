"""For a partner's own pytest suite: webhooks, Connector API, WebSocket, Hypothesis strategies."""
