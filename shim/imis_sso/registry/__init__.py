"""The registry file: environments, connectors, named secrets and trust pins, typed."""
