"""A stand-in for Cloud SSO: its dashboard, and the OpenID provider on the same origin."""
