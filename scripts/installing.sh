# Sourced by install-coordinator and install-worker, after common.sh: the parts of an installation.
binary=$root/.build/release/otjob
tree=
umask 022  # root's own may be stricter; the user of the services reads these folders

# read_options "$@": sets `binary` and `tree` from --binary FILE and --root DIR.
read_options() {
  while (($#)); do
    case $1 in
      --binary | --root) [[ -n ${2:-} ]] || wrong_usage "$1 needs a value" ;;
      *) wrong_usage "unexpected argument $1" ;;
    esac
    if [[ $1 == --binary ]]; then binary=$2; else tree=$(realpath --canonicalize-missing "$2"); fi
    shift 2
  done
  [[ -f $binary && -x $binary ]] || wrong_usage "there is no program $binary: run scripts/build release"
  [[ -n $tree || $EUID == 0 ]] || wrong_usage "installing on this machine needs root; --root DIR does not"
}

# put MODE FILE PATH: replaces PATH in one step, because it may be running or be read just now.
put() {
  mkdir -p "$(dirname "$tree$3")"
  install --mode="$1" "$2" "$tree$3.new"
  mv --force "$tree$3.new" "$tree$3"
}

# put_once MODE FILE PATH: for what is configured after it: an existing PATH stays as it is.
put_once() {
  [[ -e $tree$3 ]] || put "$@"
}

# install_program: the binary and the user, which both daemons have in common.
install_program() {
  if [[ -z $tree ]]; then
    xargs apt-get install --quiet --quiet --yes --no-install-recommends <packaging/runtime-packages
  fi
  put 755 "$binary" /usr/local/bin/otjob
  put 644 docs/operations.md /usr/local/share/doc/otcluster/operations.md
  put 644 packaging/otcluster.sysusers /usr/local/lib/sysusers.d/otcluster.conf
  [[ -n $tree ]] || systemd-sysusers otcluster.conf
}

# finish TEXT: lets systemd read the units, and says what is left to do.
finish() {
  [[ -n $tree || ! -d /run/systemd/system ]] || systemctl daemon-reload
  echo "$1"
}
