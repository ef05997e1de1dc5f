# The same documents, in the same order, as the CDKTF stack declares; a test keeps the two equal.

locals {
  path     = "/v1/environments/${var.environment}"
  built_in = var.client_secret_ref == "cloud-sso-imis-client"

  # The fields of the OpenID Connect page; null is "what Cloud SSO shows" or "not managed".
  given = {
    authority_url          = var.authority_url
    client_id              = var.client_id
    client_secret_ref      = var.client_secret_ref
    client_secret_version  = var.client_secret_version
    email_body             = var.email_body
    external_id_claim_type = var.external_id_claim_type
    name                   = var.name
    redirect_login_url     = var.redirect_login_url
    require_public_users   = var.require_public_users
    set_login_hint         = var.set_login_hint
    tenant_id              = var.tenant_id
    type                   = var.type
    user_authentication    = length(local.user_authentication) > 0 ? local.user_authentication : null
    well_known_url         = var.well_known_url
  }
  user_authentication = {
    for key, value in var.user_authentication : key => value
    if !contains(var.unmanaged, "user_authentication.${key}")
  }

  # What Cloud SSO shows, by the field it goes to.
  shown = {
    authority_url         = "issuer"
    client_id             = "client_id"
    client_secret_version = "client_secret_version"
    well_known_url        = "discovery_url"
  }
  missing = {
    for key, field in local.shown : key => field
    if local.given[key] == null && !contains(var.unmanaged, key)
  }
  from_client = { for key, field in local.missing : key => field if key != "client_secret_version" || local.built_in }
  from_secret = toset([
    for key in keys(local.missing) : var.client_secret_ref
    if key == "client_secret_version" && !local.built_in && var.client_secret_ref != ""
  ])

  body = merge(
    { for key, field in local.from_client : key => data.restful_resource.imis_client[0].output[field] },
    { for name in local.from_secret : "client_secret_version" => data.restful_resource.secret[name].output.version },
    { for key, value in local.given : key => value if value != null && !contains(var.unmanaged, key) },
  )
}

# No depends_on on what feeds a body: it must be known when planning.
data "restful_resource" "imis_client" {
  count = length(local.from_client) > 0 ? 1 : 0

  id = "${local.path}/cloud-sso/imis-client"

  lifecycle {
    postcondition {
      condition = alltrue([for field in values(local.from_client) : self.output[field] != ""])
      error_message = join(" ", [
        "Under External Directories > iMIS SSO Settings, Cloud SSO does not show:",
        join(", ", [for field in values(local.from_client) : field if self.output[field] == ""]),
      ])
    }
  }
}

data "restful_resource" "secret" {
  for_each = setunion(local.from_secret, local.directory_secrets)

  id = "${local.path}/secrets/${each.key}"

  lifecycle {
    postcondition {
      condition     = self.output.version != ""
      error_message = "The service gives no version of the secret ${each.key}."
    }
  }
}

resource "restful_resource" "imis_openid_connect" {
  path = "${local.path}/imis/openid-connect"
  body = local.body
}

resource "restful_resource" "cloud_sso_imis_sso_settings" {
  path = "${local.path}/cloud-sso/imis-sso-settings"
  body = {
    redirect_url = coalesce(var.redirect_url, var.redirect_login_url)
  }

  depends_on = [restful_resource.imis_openid_connect]
}

resource "restful_resource" "imis_oidc_authentication" {
  path = "${local.path}/imis/oidc-authentication"
  body = {
    mode = var.mode
  }

  depends_on = [
    restful_resource.imis_openid_connect,
    restful_resource.cloud_sso_imis_sso_settings,
    restful_resource.cloud_sso_directories,
  ]
}

# The pair as the service sees it after the apply. The data source stands outside the check block:
# inside it, every plan with -detailed-exitcode would answer 2.
data "restful_resource" "verification" {
  id = "${local.path}/verification"

  depends_on = [
    restful_resource.imis_openid_connect,
    restful_resource.cloud_sso_imis_sso_settings,
    restful_resource.cloud_sso_directories,
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
