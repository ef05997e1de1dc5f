"""Which check of an active verification fails for each single fault; none: only a sign-in shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ID, SECRET = "client.id-matches", "client.secret-matches"
URL, ISSUER, REACHABLE = (
    "discovery.url-matches",
    "discovery.issuer-matches",
    "discovery.reachable",
)
REDIRECT, REGISTERED = "redirect.matches", "redirect.registered"
ACCEPTED, KEYS, RECIPE = "client.secret-accepted", "jwks.usable", "claims.recipe"
CROSSED, EXPIRY, PAGE = "environment.not-crossed", "expiry", "imis.sign-in-page"

PROOFS: Final[Mapping[str, tuple[str, ...]]] = {
    "mode disabled": (),
    "no licence": (),
    "no record": (ID, URL, ISSUER, REDIRECT),
    "no secret": (),
    "wrong secret": (SECRET, ACCEPTED),
    "secret without its last character": (SECRET, ACCEPTED),
    "wrong client": (ID, REGISTERED, ACCEPTED),
    "well-known off by a character": (URL,),
    "well-known with a slash": (URL,),
    "well-known of a directory": (URL,),
    "well-known by http": (URL,),
    "authority with a slash": (ISSUER,),
    "authority off by a character": (ISSUER,),
    "authority of a directory": (ISSUER,),
    "redirect without its slash": (REDIRECT, REGISTERED),
    "redirect with a path": (REDIRECT, REGISTERED),
    "redirect on another host": (REDIRECT, REGISTERED),
    "external id claim that is not sent": (RECIPE,),
    "external id claim of something else": (RECIPE,),
    "the other environment's provider": (ID, SECRET, URL, ISSUER, REGISTERED, ACCEPTED, PAGE),
    "the other environment's redirect, on both sides": (REDIRECT, CROSSED),
    "another name of the same host, on both sides": (REDIRECT,),
    "a redirect that leads away, on both sides": (REDIRECT,),
    "redirect never pasted back": (REDIRECT, REGISTERED),
    "redirect pasted without its slash": (REDIRECT, REGISTERED),
    "a pattern pasted": (REDIRECT, REGISTERED),
    "issuer gained a slash": (ISSUER,),
    "metadata names another issuer": (ISSUER,),
    "secret rotated": (SECRET, ACCEPTED),
    "client disabled": (REGISTERED, ACCEPTED),
    "HS512": (KEYS,),
    "no key": (KEYS,),
    "an encryption key only": (KEYS,),
    "the key of another": (),
    "clock": (),
    "certificate expired": (REACHABLE, EXPIRY),
    "certificate of an unknown authority": (REACHABLE,),
    "certificate of another name": (REACHABLE,),
    "discovery 404": (),
    "discovery 429": (),
    "discovery 500": (),
    "discovery is a page": (),
    "discovery lacks": (),
    "token endpoint 500": (),
    "token endpoint is a page": (),
    "token endpoint gives no token": (),
    "token endpoint refuses in HTML": (),
    "token is none": (),
    "keys 500": (),
    "keys are none": (),
    "authorization 503": (),
    "ID token of another issuer": (),
    "ID token for another client": (),
    "ID token of another sign-in": (),
    "ID token without nonce": (),
    "ID token without external id": (),
    "ID token signed by another": (),
    "no such directory": (),
    "directory down": (),
    "directory does not answer": (),
    "directory down behind": (),
    "callback not registered": (),
    "directory's secret expired": (),
    "directory's client unknown": (),
    "directory's issuer wrong": (),
    "directory's external id claim": (),
    "staff claim's name in iMIS": (RECIPE,),
    "staff claim's value in iMIS": (RECIPE,),
    "no staff claim in iMIS": (RECIPE,),
    "staff claim's name in Cloud SSO": (),
    "staff is a list": (),
}

WARNED: Final[Mapping[str, tuple[str, ...]]] = {
    "no login hint": (RECIPE,),
    "another name": (),
    "basic only": (),
    "post only": (),
    "RS512": (),
    "moved discovery": (),
    "public client, wrong secret": (SECRET, ACCEPTED),
    "pattern at a lenient provider": (REDIRECT, REGISTERED),
}
"""What does not end a sign-in, and the checks that all the same do not pass."""
