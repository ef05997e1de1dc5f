"""The REST API: one generic router for every settings document, and what surrounds it."""
