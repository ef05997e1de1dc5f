# Written from the contract alone: the paths of section 1, the documents of 1.1 and 1.2, C2, C21 to C23.

variable "redirect" {
  type = string
}

variable "mode" {
  type    = string
  default = "disabled"
}

data "restful_resource" "client" {
  id = "${local.root}/cloud-sso/imis-client"
}

resource "restful_resource" "openid_connect" {
  path = "${local.root}/imis/openid-connect"
  body = {
    authority_url          = data.restful_resource.client.output.issuer
    client_id              = data.restful_resource.client.output.client_id
    client_secret_ref      = "cloud-sso-imis-client"
    client_secret_version  = data.restful_resource.client.output.client_secret_version
    external_id_claim_type = "external_id"
    redirect_login_url     = var.redirect
    set_login_hint         = true
    type                   = "okta"
    user_authentication    = { claim_type = "staff", claim_value = "1" }
    well_known_url         = data.restful_resource.client.output.discovery_url
  }
}

resource "restful_resource" "redirect" {
  path       = "${local.root}/cloud-sso/imis-sso-settings"
  body       = { redirect_url = var.redirect }
  depends_on = [restful_resource.openid_connect]
}

resource "restful_resource" "mode" {
  path       = "${local.root}/imis/oidc-authentication"
  body       = { mode = var.mode }
  depends_on = [restful_resource.openid_connect, restful_resource.redirect]
}
