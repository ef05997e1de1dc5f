"""Pages for people: what each problem means, and the API in one page. Read-only, no script."""
