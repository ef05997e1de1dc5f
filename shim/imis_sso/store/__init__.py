"""What the service remembers: tokens, what it wrote, and log-ins that were refused.

Losing it loses memory, never the ability to manage the products. Services know only the protocols
of `base`.
"""
