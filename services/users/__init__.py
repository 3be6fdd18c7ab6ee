"""Users: identity, phone, teams, roles, privacy, audit."""
