"""MonoQL's services: four subgraphs, their backends, and the kit they share."""
