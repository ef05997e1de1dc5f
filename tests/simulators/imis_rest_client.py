"""How a client reads the simulated iMIS: the list, the page's record."""

from __future__ import annotations

from typing import Any

import httpx

TYPE = "Asi.Soa.Core.DataContracts.Internal.OpenIDProviderData, Asi.Contracts"

LIST = "/api/OpenIDProvider"


def page_record(client: httpx.Client) -> dict[str, Any]:
    items: list[dict[str, Any]] = client.get(LIST).json()["Items"]["$values"]
    return items[0]
