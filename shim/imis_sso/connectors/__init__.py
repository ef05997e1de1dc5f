"""Ways into the two products, each behind the protocol of `base`."""
