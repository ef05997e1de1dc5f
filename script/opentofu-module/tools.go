//go:build tools

// Package opentofu requires OpenTofu so that `go build` makes its binary; nothing is
// imported for its code.
package opentofu

import _ "github.com/opentofu/opentofu/cmd/tofu"
