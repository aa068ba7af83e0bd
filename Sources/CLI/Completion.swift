/// Completion scripts, made from the declarations.
package enum Completion {
    /// For bash: a function that looks at the command and at the word before.
    package static func bash(_ commands: [Command]) -> String {
        var cases: [String] = []
        for command in commands {
            let flags = command.flags.map { "--\($0.name)" }.joined(separator: " ")
            var lines = ["        \(command.name))", "            flags=\"\(flags)\""]
            let kinds = values(of: command)
            if !kinds.isEmpty { lines.append("            case $previous in") }
            for (names, action) in kinds {
                lines.append("                \(names)) \(action) ;;")
            }
            if !kinds.isEmpty { lines.append("            esac") }
            if command.positionals.contains(where: { $0.kind != .text }) {
                lines.append("            files=1")
            }
            cases.append((lines + ["            ;;"]).joined(separator: "\n"))
        }
        let names = commands.map(\.name).joined(separator: " ")
        return """
            # bash completion of otjob; made by: otjob completion bash
            _otjob() {
                local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
                local flags="" files=""
                COMPREPLY=()
                if ((COMP_CWORD == 1)); then
                    mapfile -t COMPREPLY < <(compgen -W "\(names) help" -- "$current")
                    return
                fi
                case ${COMP_WORDS[1]} in
            \(cases.joined(separator: "\n"))
                esac
                if [[ $current == -* ]]; then
                    mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$current")
                elif [[ -n $files ]]; then
                    mapfile -t COMPREPLY < <(compgen -f -- "$current")
                fi
            }
            complete -o filenames -F _otjob otjob

            """
    }

    /// The flags of a command that take a value, and what bash does for each kind.
    private static func values(of command: Command) -> [(names: String, action: String)] {
        let kinds: [(ValueKind, String)] = [
            (.file, "mapfile -t COMPREPLY < <(compgen -f -- \"$current\"); return"),
            (.folder, "mapfile -t COMPREPLY < <(compgen -d -- \"$current\"); return"),
            (.text, "return"),
        ]
        return kinds.compactMap { kind, action in
            let flags = command.flags.filter { $0.placeholder != nil && $0.kind == kind }
            guard !flags.isEmpty else { return nil }
            return (flags.map { "--\($0.name)" }.joined(separator: " | "), action)
        }
    }

    /// For zsh: `_arguments` (zshcompsys(1)) with the summaries.
    package static func zsh(_ commands: [Command]) -> String {
        var cases: [String] = []
        for command in commands {
            var lines = ["        \(command.name))", "            _arguments \\"]
            let specifications =
                command.flags.map(specification) + command.positionals.map(specification)
            lines.append(
                specifications.map { "                '\($0)'" }.joined(separator: " \\\n")
            )
            cases.append((lines + ["            ;;"]).joined(separator: "\n"))
        }
        let names = commands.map { "        '\($0.name):\(escaped($0.summary))'" }
        return """
            #compdef otjob
            # zsh completion of otjob; made by: otjob completion zsh
            _otjob() {
                local -a commands=(
            \(names.joined(separator: "\n"))
                )
                if ((CURRENT == 2)); then
                    _describe command commands
                    return
                fi
                local command=$words[2]
                shift words
                ((CURRENT--))
                case $command in
            \(cases.joined(separator: "\n"))
                esac
            }
            _otjob "$@"

            """
    }

    private static func specification(_ flag: Flag) -> String {
        let value =
            flag.placeholder.map { ":\(escaped($0.lowercased())):\(action(flag.kind))" } ?? ""
        return (flag.repeats ? "*" : "") + "--\(flag.name)[\(escaped(flag.summary))]"
            + value
    }

    private static func specification(_ positional: Positional) -> String {
        (positional.repeats ? "*:" : positional.required ? ":" : "::")
            + "\(positional.name.lowercased()):\(action(positional.kind))"
    }

    private static func action(_ kind: ValueKind) -> String {
        switch kind {
        case .text: " "
        case .file: "_files"
        case .folder: "_files -/"
        }
    }

    /// Text within single quotes and brackets, where a colon or a bracket would end a field.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "'": result += #"'\''"#
            case ":", "[", "]": result += "\\\(character)"
            default: result.append(character)
            }
        }
        return result
    }
}
