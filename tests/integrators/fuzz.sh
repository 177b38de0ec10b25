#!/usr/bin/env bash
# An independent property-based tester (schemathesis) over the whole document of a running system:
#   TOKEN=ael_… tests/integrators/fuzz.sh http://127.0.0.1:8080 [EXAMPLES FOR EACH OPERATION]
# Looks for answers of 5xx, undocumented answers and answers of another form than documented. Run
# the system with AEL_HTTP_RATE_PER_TOKEN=0 and AEL_HTTP_RATE_PER_ADDRESS=0, on data that may be
# lost: every operation is called but those by which the tester would lock itself out. Needs python3 with venv and the Python registry.
set -euo pipefail

url=${1:?"the address of a running system, such as http://127.0.0.1:8080"}
examples=${2:-25}
: "${TOKEN:?set TOKEN to a token of the system}"
venv=${AEL_FUZZ_VENV:-${TMPDIR:-/tmp}/ael-fuzz-venv}
if [ ! -x "$venv/bin/st" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check schemathesis==4.32.5
fi
cd "$(mktemp -d "${TMPDIR:-/tmp}/ael-fuzz.XXXXXX")" # it keeps what it found beside it
"$venv/bin/st" run "$url/openapi.json" --url "$url/api/v1" --header "Authorization: Bearer $TOKEN" \
    --max-examples "$examples" --workers 1 --request-timeout 20 --continue-on-failure \
    --exclude-operation-id deactivate_member --exclude-operation-id change_role \
    --exclude-operation-id revoke_token --exclude-operation-id delete_token \
    --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance
