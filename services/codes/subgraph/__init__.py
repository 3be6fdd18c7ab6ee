"""The codes subgraph."""
