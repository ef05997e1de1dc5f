"""A stand-in for iMIS: the part of its REST interface that OpenID Connect settings need."""
