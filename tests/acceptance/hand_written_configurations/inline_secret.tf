# A secret that no product shows and no operator has named, typed in by hand.

variable "client_secret" {
  type      = string
  ephemeral = true
}

variable "name" {
  type    = string
  default = "By hand"
}

resource "restful_resource" "page" {
  path = "${local.root}/imis/openid-connect"
  body = {
    name = var.name
  }
  ephemeral_body = {
    client_secret = var.client_secret
  }
}
