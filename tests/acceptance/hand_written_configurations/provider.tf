terraform {
  required_providers {
    restful = {
      source  = "magodo/restful"
      version = "0.25.2"
    }
  }
}

variable "imis_sso_url" {
  type = string
}

variable "imis_sso_token" {
  type      = string
  ephemeral = true
}

variable "environment" {
  type    = string
  default = "test"
}

provider "restful" {
  base_url      = var.imis_sso_url
  create_method = "PUT"
  update_method = "PUT"
  security = {
    http = {
      token = {
        token = var.imis_sso_token
      }
    }
  }
}

locals {
  root = "/v1/environments/${var.environment}"
}
