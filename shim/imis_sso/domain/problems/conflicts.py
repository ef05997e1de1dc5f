"""Refusals for the state that things are in: 409 (contract section 4)."""

from __future__ import annotations

from imis_sso.domain.problems.base import Problem


class ObserveOnly(Problem):
    """Writing to this environment has not been allowed by its operator.

    Every environment starts observe-only: reads, plans, dry runs and verification work. When the
    plan is what you want, set `writes: allowed` for the environment in the registry.
    """

    status, slug, title = 409, "observe-only", "Environment is observe-only"


class WrongTenant(Problem):
    """The product that answers is not the one that the registry pins.

    Nothing was written. Compare the environment's `tenant` keys in the registry with what the
    product reports; most often an address points at another system.
    """

    status, slug, title = 409, "wrong-tenant", "Wrong tenant"


class VerificationFailed(Problem):
    """It is not proved that people can sign in, so external sign-in is not enabled.

    `errors` lists each failed check with its remedy. Mend the settings, then raise the mode again.
    Where a check proves nothing, or the environment requires it, sign in with
    `imis-sso attest-sign-in ENV` while the mode is `test_mode`.
    """

    status, slug, title = 409, "verification-failed", "Verification failed"


class ActivationGuard(Problem):
    """The pair is live, and the write would change a value that sign-in depends on.

    The new values do not verify (`errors` lists the checks), or the environment takes such edits in
    `test_mode` only. Lower the mode, change, verify, and raise it again. Where `errors` has
    `verification.before` and `verification.after`, the edit was written, the pair failed, and the
    detail says what was put back. Pushing the secret that Cloud SSO shows is always let through. A
    token with scope `admin` may use `?force=true`.
    """

    status, slug, title = 409, "activation-guard", "Pair is live"


class SecretVersionChanged(Problem):
    """The secret is no longer the one that was reviewed.

    The version in the request is not the fingerprint of the secret its name stands for now. Plan
    again, review the new version, apply.
    """

    status, slug, title = 409, "secret-version-changed", "Secret version changed"


class UpstreamChanged(Problem):
    """Somebody changed the product between our look at it and our write.

    Nothing was written. Plan again: the plan shows what changed.
    """

    status, slug, title = 409, "upstream-changed", "Product changed meanwhile"


class TransitionRefused(Problem):
    """The mode cannot be changed in this step.

    From `disabled` the way up is `test_mode` first, then `enabled`; and there must be an OpenID
    Connect record before the mode can be anything but `disabled`. Where the detail says that the
    mode was raised and put back, the service account could not log in afresh under the new mode.
    """

    status, slug, title = 409, "transition-refused", "Transition refused"


class Held(Problem):
    """Sign-in was lowered in an emergency, and nobody has released the hold yet.

    Raising the mode is refused until an administrator releases the hold with a reason:
    `imis-sso emergency ENV --release --reason "…"`, or `POST /v1/environments/{env}/hold/release`.
    Lowering and reading go on.
    """

    status, slug, title = 409, "held", "Held after an emergency"


class NotLastWriter(Problem):
    """The last managed write is another caller's, so the old state is not put back over it.

    `restore` on DELETE gives back what was found before the first managed write. Somebody else has
    written since: release with `retain`, or restore a snapshot on purpose.
    """

    status, slug, title = 409, "not-last-writer", "Not the last writer"


class ManualStepRequired(Problem):
    """A person has to do this step, because no connector of the environment can.

    The detail says what to do; `errors` has one entry for each field, with the page, the label and
    the value. Nothing was written. When it is done, say so with `imis-sso confirm ENV` (or `POST
    …/manual-steps/{id}/confirm`), and send the same request again: it then goes through. Where the
    detail says that nobody has confirmed what the product holds, look there once and say it with
    `imis-sso confirm ENV --present`.
    """

    status, slug, title = 409, "manual-step-required", "A person has to do this"


class InProgress(Problem):
    """A request with this `Idempotency-Key` is still being worked on.

    Ask again in a moment with the same key and the same body: the answer will be the first one's.
    """

    status, slug, title = 409, "in-progress", "Still in progress"


class AlreadyExists(Problem):
    """The product has a record with this issuer and client id already, under no key or another.

    Nothing was written: a second record would stand beside the first, and people would choose
    between the two. If the record is the one that is meant, bind the key to it, then plan again:
    `imis-sso directories bind ENV KEY NAME`.
    """

    status, slug, title = 409, "already-exists", "Record exists already"


class DirectoryProtected(Problem):
    """A directory is not deleted unless somebody says so explicitly.

    Cloud SSO prefixes the ids of a directory's people with its own number of the record. A
    directory that is made again gets another number: very probably everybody linked through it is
    a stranger then. `on_destroy=retain`, the default, leaves it in Cloud SSO. To delete it all the
    same, a token with the scope `admin` uses `?on_destroy=delete&force=true`.
    """

    status, slug, title = 409, "directory-protected", "Directory is protected"


class ConnectorUnproven(Problem):
    """The connector was never rehearsed on this version of the product, and this is production.

    Nothing was written. Run `imis-sso rehearse ENV` on a test environment of the same version: it
    writes a harmless field, puts it back, and proves what survived. A token with scope `admin` may
    use `?force=true`; `rehearsal: not-required` in the registry asks for no rehearsal.
    """

    status, slug, title = 409, "connector-unproven", "Connector never rehearsed"
