"""The two halves of an environment: where each product is, and the ways into it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, PlainValidator

from imis_sso.domain.sources import SecretSource
from imis_sso.registry.doors import (
    CloudSsoCodes,
    CloudSsoConnectors,
    CloudSsoPassword,
    Doorway,
    ImisCodes,
    ImisConnectors,
    ImisPassword,
    Permission,
    User,
    judged,
)
from imis_sso.registry.kinds import (
    Address,
    SignInPath,
    StaffPath,
    Text,
    TokenPath,
    UnreadSecret,
    source,
)


class ImisSection(Doorway):
    """Where iMIS is, and the service's own log-in there (product facts 3.3)."""

    url: Address = Field(description="iMIS base address.")
    connector: ImisConnectors = Field(
        description="Way into iMIS, or several in the order in which they are tried."
    )
    username: User = judged("Service account, with the roles RemoteService and SysAdmin.")
    password: ImisPassword = judged("Source of its password.")
    totp: ImisCodes = Field(
        default=None,
        description="Source of the secret of the Staff site's one-time codes, where it asks.",
    )
    automation_permitted_by: Permission = judged(
        "Who permitted that a program drives the Staff site, and when."
    )
    token_path: TokenPath = Field(
        default="/token", description="Path of the token endpoint; older installs differ."
    )
    provider_id: Text | None = Field(
        default=None,
        description="Which OpenIDProvider record is the page's, where there are several.",
    )
    # Inferred: where the Staff site lies (product facts 3.5).
    staff_path: StaffPath = Field(
        default="/Staff", description="Path of the Staff site, for the connector imis_staff_site."
    )
    sign_in_path: SignInPath = Field(
        default="/",
        description="Page that signing in begins at, for the check `imis.sign-in-page`.",
    )
    unread_secret: UnreadSecret | None = Field(
        default=None,
        description="States that this iMIS keeps a secret that a write leaves out.",
    )
    requests_per_second: int = Field(
        default=25, ge=1, le=1000, description="Requests to iMIS a second, at the most."
    )


ClientSecret = Annotated[SecretSource, PlainValidator(source("cloud_sso.client_secret"))]


class CloudSsoSection(Doorway):
    """Where Cloud SSO's dashboard is, and the service's own log-in there (product facts 4.1)."""

    url: Address = Field(description="Address of the dashboard.")
    connector: CloudSsoConnectors = Field(
        description="Way into Cloud SSO, or several in the order in which they are tried."
    )
    cloud_id: Text = Field(description="Cloud ID of this environment.")
    username: User = judged("User of the dashboard.")
    password: CloudSsoPassword = judged("Source of its password.")
    automation_permitted_by: Permission = judged(
        "Who permitted that a program drives the dashboard, and when."
    )
    totp: CloudSsoCodes = Field(
        default=None,
        description="Source of the secret of its one-time codes, where the log-in asks for them.",
    )
    client_secret: ClientSecret | None = Field(
        default=None,
        description="Source of the client secret that the page shows, for `assisted`.",
    )
    uses_per_second: int = Field(
        default=5, ge=1, le=1000, description="Reads and writes of its pages a second, at the most."
    )
    directory_limit: int | None = Field(
        default=None,
        ge=1,
        le=1000,
        description="Directories that the edition allows; one more is not made (contract 1.3).",
    )
    unread_secret: UnreadSecret | None = Field(
        default=None,
        description="`keeps`: a directory's form that hides its secret keeps one left alone in it.",
    )
