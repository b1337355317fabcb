"""Sockets and waiting: the HTTP server below emulators and demo partner, condition variables."""
