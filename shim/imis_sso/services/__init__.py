"""Use cases: reading, writing and verifying the settings of a pair."""
