# Every target is one script; `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help bootstrap demo test test-long test-fast test-coverage test-opentofu lint audit format lock docs clean distclean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

bootstrap: ## find or get everything the project needs (.venv, .tools)
	@script/bootstrap

demo: bootstrap ## the main job, end to end; KEEP=1 leaves the service running
	@KEEP="$(KEEP)" script/demo

test: ## set-up, lint and the tests (what CI runs)
	@script/test

test-long: ## the same, with ten times as much of what only repeats: for a night
	@script/test --long

test-fast: ## unit and property tests only: no Terraform, no browser
	@script/test --fast

test-coverage: ## every test, with coverage of lines and branches: twice as long
	@script/test --coverage

test-opentofu: ## the acceptance tests with OpenTofu (the first time it may be built: minutes)
	@script/test --opentofu

lint: ## every check that reads the code without running it
	@script/lint

audit: ## known vulnerabilities, dangerous patterns, secrets; a bill of materials into dist/
	@script/audit

format: ## write the code the way lint wants it
	@script/format

lock: ## write the lock files of Python packages anew
	@script/lock

docs: ## check the documents: every link and heading they point to
	@script/docs

clean: ## remove what tests, synthesis and demo leave behind
	@script/clean

distclean: ## also remove .venv and .tools
	@script/clean --all
