# The names that the documents of Kronus' forerunners use, for what npm, kronus and Compose do.
#   GIT_COMMIT_HASH=$(git rev-parse --short HEAD) make user-service-build user-service-run-detached
SHELL := /bin/bash
# Without it the image is that of .env.
ifdef GIT_COMMIT_HASH
export GIT_COMMIT_HASH
export KRONUS_TAG := $(GIT_COMMIT_HASH)
endif
# The service's own password, as one of them calls it.
ifdef ENV_DATABASE_PASSWORD
export MANAGER_PASSWORD := $(ENV_DATABASE_PASSWORD)
endif

.PHONY: help
help: ## What can be made
	@awk -F ':.*## ' '/^[a-zA-Z-]+:.*## / { printf "%-26s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run test release
run: ## Kronus with everything it needs, for development
	npm start
test: ## All tests
	npm test
release: ## Tests, version, tag, push: make release VERSION=x.y.z
	@test -n '$(VERSION)' || { echo 'VERSION is required: make release VERSION=x.y.z' >&2; exit 1; }
	npm run release -- '$(VERSION)' --push

.PHONY: migrate migrateOne demigrate demigrateOne connect
migrate: ## Brings the schema up to date: DB_PORT=5000 DB_PASSWORD=… make migrate
migrateOne: ## One migration up
demigrate: ## All migrations down, everything is lost: make demigrate YES=1
demigrateOne: ## One migration down
connect: ## psql on the database
migrate migrateOne demigrate demigrateOne connect:
	@$(MAKE) --no-print-directory --directory=database $@

.PHONY: user-service-build user-service-run user-service-run-detached user-service-stop user-service-start
user-service-build: ## The image, tagged by GIT_COMMIT_HASH
	docker compose build api
user-service-run: ## The containers, in the foreground
	docker compose up --no-build
user-service-run-detached: ## The containers, in the background
	docker compose up --no-build --detach
user-service-stop: ## Stops the containers
	docker compose stop
user-service-start: ## Starts stopped containers
	docker compose start
