terraform {
  # Ephemeral variables (1.10) and write-only arguments (1.11).
  required_version = ">= 1.11"

  required_providers {
    restful = {
      source  = "magodo/restful"
      version = "0.25.2"
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

provider "restful" {
  base_url = var.imis_sso_url

  # Set here and not in the resources: with only `path` and `body` in a resource, the plan after an
  # import shows the real differences and nothing else.
  create_method = "PUT"
  update_method = "PUT"

  security = {
    http = {
      token = {
        token = var.imis_sso_token
      }
    }
  }

  client = {
    # Retry-After is honoured. No max_wait_in_sec: this version takes it for the shortest wait.
    retry = {
      status_codes = [429, 503]
      count        = 3
      wait_in_sec  = 1
    }
  }
}
