import Glibc

/// How many files and sockets the process may have open.
package enum OpenFiles {
    /// Raises the limit of open files to `count`, as far as the system allows; returns the limit.
    ///
    /// It is never lowered. Many systems start processes with a limit of 1,024 that they may raise
    /// themselves (getrlimit(2)).
    package static func allow(_ count: Int) -> Int {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        precondition(getrlimit(resource, &limit) == 0, "getrlimit: errno \(errno)")
        let wanted = min(max(limit.rlim_cur, rlim_t(count)), limit.rlim_max)
        if wanted > limit.rlim_cur {
            limit.rlim_cur = wanted
            precondition(setrlimit(resource, &limit) == 0, "setrlimit: errno \(errno)")
        }
        return Int(clamping: limit.rlim_cur)
    }
}
