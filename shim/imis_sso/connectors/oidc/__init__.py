"""What an OpenID provider shows to everybody, without a log-in."""
