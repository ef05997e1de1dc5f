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
  default     = "test_mode"
}

module "pair" {
  source = "../"

  environment        = var.environment
  redirect_login_url = var.redirect_url
  mode               = var.mode
}

# Import blocks belong to the root module. The settings always exist, so they are imported, never
# created, and the first plan on a live pair is a field-by-field difference.
import {
  to = module.pair.restful_resource.imis_openid_connect
  id = module.pair.import_ids.imis_openid_connect
}

import {
  to = module.pair.restful_resource.cloud_sso_imis_sso_settings
  id = module.pair.import_ids.cloud_sso_imis_sso_settings
}

import {
  to = module.pair.restful_resource.imis_oidc_authentication
  id = module.pair.import_ids.imis_oidc_authentication
}
