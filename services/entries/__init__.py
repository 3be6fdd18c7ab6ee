"""Registrations, eligibility, waves, selection, metrics, exports."""
