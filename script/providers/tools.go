//go:build tools

// Package providers requires the Terraform providers so that `go build` makes their
// binaries; nothing is imported for its code.
package providers

import (
	_ "github.com/Mastercard/terraform-provider-restapi"
	_ "github.com/magodo/terraform-provider-restful"
)
