#!/bin/sh
# As Amazon's base images do: outside of Lambda their entry point starts the function behind the emulator. The addresses
# are of ours, so that nobody else can reach it.
[ $# -eq 1 ] || exit 142
export _HANDLER="$1"
exec /usr/local/bin/aws-lambda-rie --log-level error \
  --runtime-interface-emulator-address "$EMULATOR_ADDRESS" --runtime-api-address "$RUNTIME_API_ADDRESS" \
  /var/runtime/bootstrap
