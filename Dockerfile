# The image of Kronus: the build and what it needs to run, as an ordinary user. Servers are configured from outside.

FROM node:24-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# `npm ci` refuses a lock file that lacks the optional packages of other platforms; `install` reads the same lock file.
RUN npm ci --omit=dev || npm install --omit=dev --no-save

FROM packages AS build
RUN npm ci || npm install --no-save
COPY . .
RUN npm run build

FROM node:24-bookworm-slim
# Temporal's client takes the authorities that it trusts from the system.
RUN apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json ./
COPY apps/cli/bin apps/cli/bin
ENV NODE_ENV=production KRONUS_FROM_DIST=1
USER node
EXPOSE 3900
ENTRYPOINT ["node", "apps/cli/bin/kronus.mjs"]
# All settings from the environment.
CMD ["server", "--config=/dev/null"]
