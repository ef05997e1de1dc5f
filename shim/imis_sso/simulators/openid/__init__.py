"""OpenID Connect as both sides of a sign-in speak it: what any provider and any client must do."""
