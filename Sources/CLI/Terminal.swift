import API
import Base
import Glibc

/// Standard output and standard error of this process.
///
/// Writes are whole and unbuffered: what is printed is there, also when the process is killed.
package struct Terminal: Sendable {
    /// Whether standard output is a terminal; lines may be redrawn then.
    package let isTerminal: Bool
    package let palette: Palette

    /// Colours are for terminals whose user did not set `NO_COLOR` (no-color.org).
    package init(environment: (String) -> String?) {
        isTerminal = isatty(STDOUT_FILENO) == 1
        let wantsColours = (environment("NO_COLOR") ?? "").isEmpty && environment("TERM") != "dumb"
        palette = isTerminal && wantsColours ? .coloured : .plain
    }

    /// Columns of the terminal; 80 where it does not say.
    package var width: Int {
        var size = winsize()
        let isKnown = ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        return isKnown ? Int(size.ws_col) : 80
    }

    package func print(_ text: String) { Self.write(Array(text.utf8), to: STDOUT_FILENO) }

    package func print(bytes: [UInt8]) { Self.write(bytes, to: STDOUT_FILENO) }

    package func printError(_ text: String) {
        Self.write(Array("otjob: \(Text.printable(text))\n".utf8), to: STDERR_FILENO)
    }

    /// Writes all of it; a reader that is gone, as of a pipe to head(1), is no error of ours.
    private static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            guard count >= 0 || errno == EINTR else { return }
            written += max(0, count)
        }
    }
}

/// The monotonic clock, for rates and deadlines.
func currentInstant() -> Instant {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
}

/// Lets the thread sleep.
func pause(_ duration: Duration) {
    let nanoseconds = Int(duration.nanoseconds)
    var time = timespec(
        tv_sec: nanoseconds / 1_000_000_000,
        tv_nsec: nanoseconds % 1_000_000_000
    )
    nanosleep(&time, nil)
}
