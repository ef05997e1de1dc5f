# External directories of Cloud SSO, each under a key; the presets are those of the CDKTF stack.

variable "directories" {
  description = "Directories by key. A preset fills in the addresses; without one all four must be given."
  type = map(object({
    preset = optional(object({
      kind    = string
      region  = optional(string)
      pool_id = optional(string)
      domain  = optional(string)
      tenant  = optional(string)
      org     = optional(string)
      server  = optional(string, "")
    }))
    name                             = string
    client_id                        = string
    client_secret_ref                = optional(string, "")
    client_secret_version            = optional(string)
    discovery_domain                 = optional(string)
    authorization_url                = optional(string)
    token_url                        = optional(string)
    userinfo_url                     = optional(string)
    issuer                           = optional(string)
    scopes                           = optional(string, "openid profile email")
    enable_pkce                      = optional(bool, true)
    enable_response_mode_form_post   = optional(bool, false)
    enable_token_endpoint_basic_auth = optional(bool, false)
    claims = optional(object({
      email       = optional(string, "email")
      external_id = optional(string, "sub")
      first_name  = optional(string, "given_name")
      last_name   = optional(string, "family_name")
      staff       = optional(string, "")
    }), {})
  }))
  default  = {}
  nullable = false

  validation {
    condition = alltrue([
      for each in values(var.directories) : contains(["none", "cognito", "entra", "okta"], try(each.preset.kind, "none"))
    ])
    error_message = "The kind of a preset must be one of cognito, entra, okta."
  }

  validation {
    condition = alltrue([
      for each in values(var.directories) : (
        each.scopes == "openid profile email" && each.enable_pkce
        && !each.enable_response_mode_form_post && !each.enable_token_endpoint_basic_auth
      ) if try(each.preset.kind, "") == "cognito"
    ])
    error_message = "With the preset cognito the scopes are exactly openid profile email, PKCE is on, form post and basic auth are off."
  }

  validation {
    condition = alltrue([
      for each in values(var.directories) : startswith(coalesce(each.preset.pool_id, "-"), "${coalesce(each.preset.region, "?")}_")
      if try(each.preset.kind, "") == "cognito"
    ])
    error_message = "The id of a Cognito user pool begins with its region."
  }

  validation {
    condition = alltrue([
      for each in values(var.directories) : (
        coalesce(each.userinfo_url, "https://graph.microsoft.com/oidc/userinfo") == "https://graph.microsoft.com/oidc/userinfo"
        && !contains(["common", "consumers", "organizations"], lower(coalesce(each.preset.tenant, "common")))
      ) if try(each.preset.kind, "") == "entra"
    ])
    error_message = "With the preset entra the userinfo address is exactly https://graph.microsoft.com/oidc/userinfo, and the tenant is one tenant."
  }

  validation {
    condition = alltrue([
      for each in values(var.directories) : alltrue([
        for address in [each.authorization_url, each.token_url, each.userinfo_url, each.issuer] : address != null
      ]) if each.preset == null
    ])
    error_message = "Without a preset a directory needs all four addresses."
  }
}

locals {
  cognito = {
    for key, each in var.directories : key => {
      issuer = "https://cognito-idp.${each.preset.region}.amazonaws.com/${each.preset.pool_id}"
      host   = strcontains(each.preset.domain, ".") ? each.preset.domain : "${each.preset.domain}.auth.${each.preset.region}.amazoncognito.com"
    } if try(each.preset.kind, "") == "cognito"
  }
  entra = {
    for key, each in var.directories : key => "https://login.microsoftonline.com/${each.preset.tenant}"
    if try(each.preset.kind, "") == "entra"
  }
  okta = {
    for key, each in var.directories : key => join("", [
      "https://",
      strcontains(each.preset.org, ".") ? each.preset.org : "${each.preset.org}.okta.com",
      each.preset.server == "" ? "" : "/oauth2/${each.preset.server}",
    ]) if try(each.preset.kind, "") == "okta"
  }
  preset = merge(
    {
      for key, each in local.cognito : key => {
        authorization_url = "https://${each.host}/oauth2/authorize"
        token_url         = "https://${each.host}/oauth2/token"
        userinfo_url      = "https://${each.host}/oauth2/userinfo"
        issuer            = each.issuer
        discovery_domain  = "${each.issuer}/.well-known/jwks.json"
      }
    },
    {
      for key, base in local.entra : key => {
        authorization_url = "${base}/oauth2/v2.0/authorize"
        token_url         = "${base}/oauth2/v2.0/token"
        userinfo_url      = "https://graph.microsoft.com/oidc/userinfo"
        issuer            = "${base}/v2.0"
        discovery_domain  = "${base}/v2.0/.well-known/openid-configuration"
      }
    },
    {
      for key, issuer in local.okta : key => {
        for name, path in { authorization_url = "authorize", token_url = "token", userinfo_url = "userinfo", issuer = "", discovery_domain = "" } :
        name => (
          name == "issuer" ? issuer : name == "discovery_domain" ? "${issuer}/.well-known/openid-configuration" :
          "${issuer}${var.directories[key].preset.server == "" ? "/oauth2" : ""}/v1/${path}"
        )
      }
    },
  )
  directory_secrets = toset([
    for each in values(var.directories) : each.client_secret_ref
    if each.client_secret_ref != "" && each.client_secret_version == null
  ])
  # What is said of each, without values that are read: known when planning.
  said = {
    for key, each in var.directories : key => merge(
      { discovery_domain = "" },
      try(local.preset[key], {}),
      { for name, value in each : name => value if value != null && name != "preset" },
    )
  }
}

resource "restful_resource" "cloud_sso_directories" {
  for_each = local.said

  path = "${local.path}/cloud-sso/directories/${each.key}"
  body = merge(
    {
      for reference in [each.value.client_secret_ref] :
      "client_secret_version" => data.restful_resource.secret[reference].output.version
      if contains(local.directory_secrets, reference) && var.directories[each.key].client_secret_version == null
    },
    each.value,
  )

  depends_on = [
    restful_resource.imis_openid_connect,
    restful_resource.cloud_sso_imis_sso_settings,
  ]
}

output "directory_import_ids" {
  description = "Ids for the import blocks of directories that are in Cloud SSO already and whose keys are bound."
  value = {
    for key, said in local.said : key => jsonencode({
      id   = "${local.path}/cloud-sso/directories/${key}"
      path = "${local.path}/cloud-sso/directories/${key}"
      body = merge(
        { for name in keys(said) : name => null if name != "claims" },
        { claims = { for name in keys(said.claims) : name => null } },
        { for name in ["client_secret_version"] : name => null if said.client_secret_ref != "" },
      )
    })
  }
}
