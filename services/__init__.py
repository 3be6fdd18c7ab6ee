"""MonoQL's services: four subgraphs, their backends, and the kit they share."""

SERVICES = ("users", "campaigns", "entries", "codes")
"""Their names, in the order in which they start and migrate."""
