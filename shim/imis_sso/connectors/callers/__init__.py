"""Callers without a stored token: JWTs of issuers that the operator trusts (contract C40)."""
