"""CDKTF stacks that declare both halves of an iMIS and Cloud SSO pair."""
