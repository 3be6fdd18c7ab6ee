"""An open-model load of registrations: arrivals at intended times, a cheap client, and what became of each of them."""
