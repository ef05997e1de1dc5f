locals {
  masks = {
    "imis/openid-connect" = {
      authority_url          = null
      client_id              = null
      client_secret_ref      = null
      client_secret_version  = null
      external_id_claim_type = null
      redirect_login_url     = null
      set_login_hint         = null
      type                   = null
      user_authentication    = null
      well_known_url         = null
    }
    "cloud-sso/imis-sso-settings" = { redirect_url = null }
    "imis/oidc-authentication"    = { mode = null }
  }
  ids = {
    for path, mask in local.masks :
    path => jsonencode({ id = "${local.root}/${path}", path = "${local.root}/${path}", body = mask })
  }
}

import {
  to = restful_resource.openid_connect
  id = local.ids["imis/openid-connect"]
}

import {
  to = restful_resource.redirect
  id = local.ids["cloud-sso/imis-sso-settings"]
}

import {
  to = restful_resource.mode
  id = local.ids["imis/oidc-authentication"]
}
