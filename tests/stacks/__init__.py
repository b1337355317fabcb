"""Services in several languages and frameworks, certified as processes of their own."""
