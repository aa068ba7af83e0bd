# Sourced by the scripts of this folder: where things are, and how usage is printed.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=${OTCLUSTER_VENV:-${XDG_CACHE_HOME:-$HOME/.cache}/otcluster/venv}
python=$venv/bin/python
cd "$root"

# help_if_asked TEXT "$@": prints TEXT and ends the script when --help or -h is among the arguments.
help_if_asked() {
  local text=$1 argument
  shift
  for argument; do
    if [[ $argument == --help || $argument == -h ]]; then
      echo "$text"
      exit 0
    fi
  done
}

# wrong_usage MESSAGE: as the product does, one line on standard error and exit code 2.
wrong_usage() {
  echo "$(basename "$0"): $1; see --help" >&2
  exit 2
}
