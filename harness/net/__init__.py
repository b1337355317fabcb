"""The HTTP server of the emulators and the demo partner, and a condition variable."""
