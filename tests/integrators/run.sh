#!/usr/bin/env bash
# What an integrator does with docs/openapi.json: tests/integrators/run.sh [FOLDER FOR ITS WORK]
# Validates it by an independent validator, generates TypeScript types and compiles a client against
# them. Needs Node 20 and the npm registry.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=${1:-$(mktemp -d "${TMPDIR:-/tmp}/ael-integrators.XXXXXX")}
mkdir -p "$work/generated"
cp "$here"/{package.json,package-lock.json,validate.mjs,client.ts,tsconfig.json} "$work"
cp "$here/../../docs/openapi.json" "$work"
cd "$work"
npm ci --ignore-scripts --no-audit --no-fund --silent
node validate.mjs openapi.json
npx --no-install openapi-typescript openapi.json --output generated/openapi.d.ts >/dev/null
npx --no-install tsc --project tsconfig.json
echo "a TypeScript client compiles against the generated types"
