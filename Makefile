.PHONY: test release

test:
	npm test

# Tests, sets the version in package.json, commits, tags v$(VERSION) and pushes both. The tree must be clean.
release:
	@test -n "$(VERSION)" || { echo 'VERSION is required: make release VERSION=x.y.z' >&2; exit 1; }
	@echo '$(VERSION)' | grep -Eq '^[0-9]+\.[0-9]+\.[0-9]+$$' || { echo 'VERSION must have the form x.y.z' >&2; exit 1; }
	@test -z "$$(git status --porcelain)" || { echo 'there are changes that are not committed' >&2; exit 1; }
	$(MAKE) test
	npm version '$(VERSION)' --allow-same-version --message 'kronus: release v%s'
	git push --follow-tags
