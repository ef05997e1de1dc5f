"""iMIS OpenID Connect and Cloud SSO settings as a well-behaved REST API."""

__version__ = "0.1.0"
