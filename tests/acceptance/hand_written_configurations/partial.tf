# Two keys of a large document; the rest is somebody else's.

resource "restful_resource" "page" {
  path = "${local.root}/imis/openid-connect"
  body = {
    set_login_hint = true
    user_authentication = {
      claim_value = "1"
    }
  }
}

import {
  to = restful_resource.page
  id = jsonencode({
    id   = "${local.root}/imis/openid-connect"
    path = "${local.root}/imis/openid-connect"
    body = { set_login_hint = null, user_authentication = { claim_value = null } }
  })
}
