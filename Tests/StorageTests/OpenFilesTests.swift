import Glibc
import Storage
import Testing

@Suite("The limit of open files")
struct OpenFilesTests {
    private static var limit: rlimit {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return limit
    }

    @Test("it is raised as far as the system allows, and never lowered")
    func raise() {
        let before = Self.limit
        #expect(OpenFiles.allow(1) == Int(clamping: before.rlim_cur))
        #expect(Self.limit.rlim_cur == before.rlim_cur)
        #expect(OpenFiles.allow(.max) == Int(clamping: before.rlim_max))
        #expect(Self.limit.rlim_cur == before.rlim_max)
    }
}
