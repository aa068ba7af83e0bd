# bash completion of otjob; made by: otjob completion bash
_otjob() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local flags="" files=""
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W "up down submit list status watch cancel logs explain tables schema query views quality snapshots workers pools scale drain sample index ingest retry schedule coordinator worker cluster token completion version help" -- "$current")
        return
    fi
    case ${COMP_WORDS[1]} in
        up)
            flags="--workers --config --help"
            case $previous in
                --config) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
                --workers) return ;;
            esac
            ;;
        down)
            flags="--config --help"
            case $previous in
                --config) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
            esac
            ;;
        submit)
            flags="--input --set --pool --force --wait --request-id --json --coordinator --help"
            case $previous in
                --input) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
                --set | --pool | --request-id | --coordinator) return ;;
            esac
            files=1
            ;;
        list)
            flags="--json --coordinator --help"
            case $previous in
                --coordinator) return ;;
            esac
            ;;
        status)
            flags="--json --coordinator --help"
            case $previous in
                --coordinator) return ;;
            esac
            ;;
        watch)
            flags="--json --coordinator --help"
            case $previous in
                --coordinator) return ;;
            esac
            ;;
        cancel)
            flags="--coordinator --help"
            case $previous in
                --coordinator) return ;;
            esac
            ;;
        logs)
            flags="--task --coordinator --help"
            case $previous in
                --task | --coordinator) return ;;
            esac
            ;;
        explain)
            flags="--input --set --pool --force --json --coordinator --help"
            case $previous in
                --input) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
                --set | --pool | --coordinator) return ;;
            esac
            files=1
            ;;
        tables)
            flags="--version --older-than --json --coordinator --help"
            case $previous in
                --version | --older-than | --coordinator) return ;;
            esac
            ;;
        schema)
            flags="--json --coordinator --help"
            case $previous in
                --coordinator) return ;;
            esac
            ;;
        query)
            flags="--json --coordinator --help"
            case $previous in
                --coordinator) return ;;
            esac
            ;;
        views)
            flags="--json --coordinator --help"
            case $previous in
                --coordinator) return ;;
            esac
            files=1
            ;;
        quality)
            flags="--json --coordinator --help"
            case $previous in
                --coordinator) return ;;
            esac
            ;;
        snapshots)
            flags="--json --coordinator --help"
            case $previous in
                --coordinator) return ;;
            esac
            ;;
        workers)
            flags="--all --json --coordinator --help"
            case $previous in
                --coordinator) return ;;
            esac
            ;;
        pools)
            flags="--json --coordinator --help"
            case $previous in
                --coordinator) return ;;
            esac
            ;;
        scale)
            flags="--coordinator --help"
            case $previous in
                --coordinator) return ;;
            esac
            ;;
        drain)
            flags="--coordinator --help"
            case $previous in
                --coordinator) return ;;
            esac
            ;;
        sample)
            flags="--scale --out --seed --help"
            case $previous in
                --out) mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
                --scale | --seed) return ;;
            esac
            ;;
        index)
            flags="--check --no-header --json --config --help"
            case $previous in
                --config) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
            esac
            files=1
            ;;
        ingest)
            flags="--wait --request-id --json --coordinator --help"
            case $previous in
                --request-id | --coordinator) return ;;
            esac
            files=1
            ;;
        retry)
            flags="--wait --json --coordinator --help"
            case $previous in
                --coordinator) return ;;
            esac
            ;;
        schedule)
            flags="--cron --input --set --pool --force --json --coordinator --help"
            case $previous in
                --input) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
                --cron | --set | --pool | --coordinator) return ;;
            esac
            files=1
            ;;
        coordinator)
            flags="--config --workers --help"
            case $previous in
                --config) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
                --workers) return ;;
            esac
            ;;
        worker)
            flags="--coordinator --pool --slots --name --token-file --identity --help"
            case $previous in
                --token-file) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
                --identity) mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
                --coordinator | --pool | --slots | --name) return ;;
            esac
            ;;
        cluster)
            flags="--dir --host --help"
            case $previous in
                --dir) mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
                --host) return ;;
            esac
            ;;
        token)
            flags="--pool --name --ttl --json --coordinator --help"
            case $previous in
                --pool | --name | --ttl | --coordinator) return ;;
            esac
            ;;
        completion)
            flags="--help"
            ;;
        version)
            flags="--json --coordinator --help"
            case $previous in
                --coordinator) return ;;
            esac
            ;;
    esac
    if [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$current")
    elif [[ -n $files ]]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
    fi
}
complete -o filenames -F _otjob otjob
