# Many small resources for few records: Terraform works on ten of them at a time.

variable "round" {
  type = string
}

locals {
  fields = {
    client_id              = "client ${var.round}"
    external_id_claim_type = "claim ${var.round}"
    name                   = "name ${var.round}"
    require_public_users   = var.round != ""
    set_login_hint         = var.round != ""
    user_authentication    = { claim_type = "type ${var.round}" }
    type                   = "other"
  }
  # Both environments at once: 2 x 8 resources, 4 records.
  pages = merge([
    for environment in ["test", "prod"] : {
      for field, value in local.fields :
      "${environment}.${field}" => { path = "${environment}/imis/openid-connect", body = { (field) = value } }
    }
  ]...)
}

resource "restful_resource" "field" {
  for_each = local.pages
  path     = "/v1/environments/${each.value.path}"
  body     = each.value.body
}

variable "redirect_urls" {
  type = map(string)
}

resource "restful_resource" "redirect" {
  for_each = var.redirect_urls
  path     = "/v1/environments/${each.key}/cloud-sso/imis-sso-settings"
  body     = { redirect_url = each.value }
}
