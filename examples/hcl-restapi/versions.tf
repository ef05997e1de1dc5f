terraform {
  # Ephemeral variables.
  required_version = ">= 1.10"

  required_providers {
    restapi = {
      source  = "Mastercard/restapi"
      version = "1.20.0"
    }
  }
}

variable "imis_sso_url" {
  description = "Address of the service, for example http://127.0.0.1:8080."
  type        = string
  nullable    = false
}

# Ephemeral, not sensitive: a sensitive variable stands in clear in every saved plan file.
variable "imis_sso_token" {
  description = "Bearer token with the scope apply for this environment (read is enough to plan)."
  type        = string
  nullable    = false
  ephemeral   = true
}

provider "restapi" {
  uri = var.imis_sso_url

  # Versions 1 and 2. In version 3, instead: bearer_token = var.imis_sso_token
  headers = {
    Authorization = "Bearer ${var.imis_sso_token}"
  }

  create_method        = "PUT"
  write_returns_object = true
  test_path            = "/v1/healthz"
}
