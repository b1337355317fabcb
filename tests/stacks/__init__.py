"""Example services in several languages and frameworks, certified in separate processes."""
