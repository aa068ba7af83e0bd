/// Ages on the command line, spelled as times are in YAML.
package enum Age {
    /// The whole seconds of `7d`, `12h` or `90s`; nil for other text.
    package static func seconds(_ text: String) -> Int64? {
        do throws(ValueProblem) {
            return try Units.duration(text).components.seconds
        } catch {
            return nil
        }
    }
}
