// Package docs is a local stand-in, written for this repository, for the module
// that the restful provider uses to generate its documentation. Nothing here runs
// in the provider; it only has to declare the same names.
package docs

// Example is a piece of configuration shown in the documentation.
type Example struct {
	Header, HCL string
}

// ImportId describes how a resource is imported.
type ImportId struct {
	Format, ExampleCmdArg, ExampleBlk string
}

// ProviderRenderOption holds what the provider's page shows.
type ProviderRenderOption struct {
	Examples []Example
}

// ResourceRenderOption holds what a resource's page shows.
type ResourceRenderOption struct {
	Examples         []Example
	ImportId         *ImportId
	IdentityExamples []Example
}

// DataSourceRenderOption holds what a data source's page shows.
type DataSourceRenderOption struct {
	Examples []Example
}

// EphemeralResourceRenderOption holds what an ephemeral resource's page shows.
type EphemeralResourceRenderOption struct {
	Examples []Example
}

// ProviderWithRenderOption is a provider that describes itself.
type ProviderWithRenderOption interface {
	RenderOption() ProviderRenderOption
}

// ResourceWithRenderOption is a resource that describes itself.
type ResourceWithRenderOption interface {
	RenderOption() ResourceRenderOption
}

// DataSourceWithRenderOption is a data source that describes itself.
type DataSourceWithRenderOption interface {
	RenderOption() DataSourceRenderOption
}

// EphemeralResourceWithRenderOption is an ephemeral resource that describes itself.
type EphemeralResourceWithRenderOption interface {
	RenderOption() EphemeralResourceRenderOption
}
