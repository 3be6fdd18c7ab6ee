"""The kit: what all services are made of. It knows no domain noun and imports no service."""
