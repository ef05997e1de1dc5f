"""A stand-in for iMIS: what OpenID Connect settings need of its REST wire and its Staff site."""
