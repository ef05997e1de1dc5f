variable "environment" {
  description = "The environment, as the service knows it."
  type        = string
  nullable    = false
}

variable "redirect_login_url" {
  description = "The iMIS base address, https://…/ with the slash at its end."
  type        = string
  nullable    = false
}

variable "mode" {
  description = "OIDC authentication: disabled, then test_mode, then (once the pair verifies) enabled."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["disabled", "test_mode", "enabled"], var.mode)
    error_message = "The mode must be one of disabled, test_mode, enabled."
  }
}

variable "redirect_url" {
  description = "What Cloud SSO redirects to; left out, the redirect_login_url of iMIS."
  type        = string
  default     = null
}

variable "authority_url" {
  description = "Issuer; left out, the one that Cloud SSO shows."
  type        = string
  default     = null
}

variable "client_id" {
  description = "Client id; left out, the one that Cloud SSO shows."
  type        = string
  default     = null
}

variable "well_known_url" {
  description = "Address of the discovery document; left out, the one that Cloud SSO shows."
  type        = string
  default     = null
}

variable "client_secret_ref" {
  description = "Name of the client secret. Never the secret itself: it does not pass through Terraform."
  type        = string
  default     = "cloud-sso-imis-client"
  nullable    = false
}

variable "client_secret_version" {
  description = "Fingerprint of the secret; left out, that of the named secret today."
  type        = string
  default     = null
}

variable "email_body" {
  description = "Text of the e-mail; left out, not managed (not every connector reaches it)."
  type        = string
  default     = null
}

variable "external_id_claim_type" {
  type     = string
  default  = "external_id"
  nullable = false
}

variable "name" {
  type     = string
  default  = "Cloud SSO"
  nullable = false
}

variable "require_public_users" {
  type     = bool
  default  = false
  nullable = false
}

variable "set_login_hint" {
  type     = bool
  default  = true
  nullable = false
}

variable "tenant_id" {
  description = "Only with the type entra_id."
  type        = string
  default     = ""
  nullable    = false
}

variable "type" {
  description = "entra_id, okta or other; okta for Cloud SSO, whatever the directory behind it."
  type        = string
  default     = "okta"
  nullable    = false
}

variable "user_authentication" {
  description = "Claim that marks staff. The value is text: \"1\", not 1."
  type = object({
    claim_type  = optional(string, "staff")
    claim_value = optional(string, "1")
  })
  default  = {}
  nullable = false
}

variable "unmanaged" {
  description = "Fields of the OpenID Connect page that are left to the product."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition = length(setsubtract(var.unmanaged, [
      "authority_url", "client_id", "client_secret_ref", "client_secret_version", "email_body",
      "external_id_claim_type", "name", "redirect_login_url", "require_public_users",
      "set_login_hint", "tenant_id", "type", "user_authentication",
      "user_authentication.claim_type", "user_authentication.claim_value", "well_known_url",
    ])) == 0
    error_message = "Only fields of the OpenID Connect page can be left unmanaged here."
  }
}
