"""A soak test: steady load on the service with its simulators (targets R11)."""
