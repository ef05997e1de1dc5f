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
  path = "/v1/environments/${var.environment}"
}

# What Cloud SSO shows today. No depends_on: it feeds a body, so it must be known when planning.
data "restful_resource" "imis_client" {
  id = "${local.path}/cloud-sso/imis-client"

  lifecycle {
    postcondition {
      condition     = alltrue([for value in values(self.output) : value != ""])
      error_message = "Cloud SSO does not show all of client id, secret, issuer and discovery URL."
    }
  }
}

# iMIS > Settings > Contacts > OpenID Connect.
resource "restful_resource" "imis_openid_connect" {
  path = "${local.path}/imis/openid-connect"
  body = {
    authority_url          = data.restful_resource.imis_client.output.issuer
    client_id              = data.restful_resource.imis_client.output.client_id
    client_secret_ref      = "cloud-sso-imis-client"
    client_secret_version  = data.restful_resource.imis_client.output.client_secret_version
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
    well_known_url = data.restful_resource.imis_client.output.discovery_url
  }
}

# Cloud SSO > External Directories > iMIS SSO Settings. The value comes from the same variable, never
# from the other resource's output, which would be unknown at every change.
resource "restful_resource" "cloud_sso_imis_sso_settings" {
  path = "${local.path}/cloud-sso/imis-sso-settings"
  body = {
    redirect_url = var.redirect_url
  }

  depends_on = [restful_resource.imis_openid_connect]
}

# The switch, last of all: disabled, test_mode, and enabled once the pair verifies.
resource "restful_resource" "imis_oidc_authentication" {
  path = "${local.path}/imis/oidc-authentication"
  body = {
    mode = var.mode
  }

  depends_on = [
    restful_resource.imis_openid_connect,
    restful_resource.cloud_sso_imis_sso_settings,
  ]
}

# The settings always exist, so they are imported, never created. The body of the id names the
# managed keys; the values come from the product.
import {
  to = restful_resource.imis_openid_connect
  id = jsonencode({
    id   = "${local.path}/imis/openid-connect"
    path = "${local.path}/imis/openid-connect"
    body = {
      authority_url          = null
      client_id              = null
      client_secret_ref      = null
      client_secret_version  = null
      external_id_claim_type = null
      name                   = null
      redirect_login_url     = null
      require_public_users   = null
      set_login_hint         = null
      tenant_id              = null
      type                   = null
      user_authentication    = { claim_type = null, claim_value = null }
      well_known_url         = null
    }
  })
}

import {
  to = restful_resource.cloud_sso_imis_sso_settings
  id = jsonencode({
    id   = "${local.path}/cloud-sso/imis-sso-settings"
    path = "${local.path}/cloud-sso/imis-sso-settings"
    body = { redirect_url = null }
  })
}

import {
  to = restful_resource.imis_oidc_authentication
  id = jsonencode({
    id   = "${local.path}/imis/oidc-authentication"
    path = "${local.path}/imis/oidc-authentication"
    body = { mode = null }
  })
}

# The pair as the service sees it after the apply. The data source stands outside the check block:
# inside it, every plan with -detailed-exitcode would answer 2.
data "restful_resource" "verification" {
  id = "${local.path}/verification"

  depends_on = [
    restful_resource.imis_openid_connect,
    restful_resource.cloud_sso_imis_sso_settings,
    restful_resource.imis_oidc_authentication,
  ]
}

check "verification" {
  assert {
    condition = data.restful_resource.verification.output.passed
    error_message = join("\n", concat(
      ["The pair ${var.environment} does not verify."],
      [
        for found in data.restful_resource.verification.output.checks :
        "${found.id}: ${found.detail} ${found.remedy}" if found.status == "failed"
      ],
    ))
  }
}
