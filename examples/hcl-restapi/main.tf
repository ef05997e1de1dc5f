# One environment: an iMIS instance and the Cloud SSO it trusts. One state per environment.

variable "environment" {
  description = "The environment, as the service knows it."
  type        = string
  default     = "test"
}

variable "redirect_url" {
  description = "The iMIS base address, https://…/ with the slash at its end."
  type        = string
  default     = "https://members-test.example.org/"
}

variable "mode" {
  description = "OIDC authentication: disabled, then test_mode, then (once the pair verifies) enabled."
  type        = string
  default     = "disabled"
}

locals {
  path   = "/v1/environments/${var.environment}"
  client = jsondecode(data.restapi_object.imis_client.api_response)
}

# What Cloud SSO shows today. The provider searches the collection, then reads the item. No depends_on:
# it feeds `data`, so it must be known when planning.
data "restapi_object" "imis_client" {
  path         = "${local.path}/cloud-sso"
  search_key   = "id"
  search_value = "imis-client"
  results_key  = "items"

  lifecycle {
    postcondition {
      condition     = alltrue([for value in values(jsondecode(self.api_response)) : value != ""])
      error_message = "Cloud SSO does not show all of client id, secret, issuer and discovery URL."
    }
  }
}

# iMIS > Settings > Contacts > OpenID Connect. `data` stands in the state: name a secret, never write one.
resource "restapi_object" "imis_openid_connect" {
  path        = "${local.path}/imis"
  object_id   = "openid-connect"
  create_path = "${local.path}/imis/{id}"
  data = jsonencode({
    authority_url          = local.client.issuer
    client_id              = local.client.client_id
    client_secret_ref      = "cloud-sso-imis-client"
    client_secret_version  = local.client.client_secret_version
    external_id_claim_type = "external_id"
    name                   = "Cloud SSO"
    redirect_login_url     = var.redirect_url
    require_public_users   = false
    set_login_hint         = true
    tenant_id              = ""
    type                   = "okta"
    user_authentication = {
      claim_type  = "staff"
      claim_value = "1"
    }
    well_known_url = local.client.discovery_url
  })

  # Versions 2 and 3 compare the whole answer. What is not declared (here email_body) must then be
  # left out of it: query_string = "fields=authority_url,client_id,…", all the keys above.
}

# Cloud SSO > External Directories > iMIS SSO Settings.
resource "restapi_object" "cloud_sso_imis_sso_settings" {
  path        = "${local.path}/cloud-sso"
  object_id   = "imis-sso-settings"
  create_path = "${local.path}/cloud-sso/{id}"
  data        = jsonencode({ redirect_url = var.redirect_url })

  depends_on = [restapi_object.imis_openid_connect]
}

# The switch, last of all: disabled, test_mode, and enabled once the pair verifies.
resource "restapi_object" "imis_oidc_authentication" {
  path        = "${local.path}/imis"
  object_id   = "oidc-authentication"
  create_path = "${local.path}/imis/{id}"
  data        = jsonencode({ mode = var.mode })

  depends_on = [
    restapi_object.imis_openid_connect,
    restapi_object.cloud_sso_imis_sso_settings,
  ]
}

# The settings always exist, so they are imported, never created. Exactly one update follows, in which
# the service writes only what really differs.
import {
  to = restapi_object.imis_openid_connect
  id = "${local.path}/imis/openid-connect"
}

import {
  to = restapi_object.cloud_sso_imis_sso_settings
  id = "${local.path}/cloud-sso/imis-sso-settings"
}

import {
  to = restapi_object.imis_oidc_authentication
  id = "${local.path}/imis/oidc-authentication"
}
