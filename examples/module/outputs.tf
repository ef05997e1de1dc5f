locals {
  # The managed keys without their values, which an import reads from the product. Made of what is
  # said only, never of what is read, so that it is known when planning.
  mask = merge(
    { for key in keys(local.from_client) : key => null },
    { for secret in local.from_secret : "client_secret_version" => null },
    { for key, value in local.given : key => null if value != null && !contains(var.unmanaged, key) },
    contains(var.unmanaged, "user_authentication") || length(local.user_authentication) == 0 ? {} : {
      user_authentication = { for key in keys(local.user_authentication) : key => null }
    },
  )
}

output "import_ids" {
  description = "Ids for the import blocks, which Terraform allows in the root module only."
  value = {
    for name, document in {
      imis_openid_connect         = { path = "${local.path}/imis/openid-connect", body = local.mask }
      cloud_sso_imis_sso_settings = { path = "${local.path}/cloud-sso/imis-sso-settings", body = { redirect_url = null } }
      imis_oidc_authentication    = { path = "${local.path}/imis/oidc-authentication", body = { mode = null } }
    } : name => jsonencode(merge(document, { id = document.path }))
  }
}

output "client_id" {
  value = lookup(local.body, "client_id", null)
}

output "client_secret_version" {
  value = lookup(local.body, "client_secret_version", null)
}
