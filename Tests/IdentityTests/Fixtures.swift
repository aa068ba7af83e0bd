import Base
import Glibc
import Identity
import Storage
import Testing

/// A day that certificates of tests begin on: not today, as nothing here may read the clock.
let day = WallTime(microseconds: 1_780_000_000_000_000)

/// The present, for what OpenSSL judges by its own clock.
let present = WallTime(microseconds: Int64(time(nil)) * 1_000_000)

let workerSubject = Subject.worker(pool: PoolID("zone-a"), name: "rack-1")

extension CertificateAuthority {
    /// A worker's credentials.
    func credentials(
        _ subject: Subject = workerSubject,
        at now: WallTime = present,
        lifetime: Duration = .seconds(3600)
    ) throws -> Credentials {
        let key = PrivateKey()
        let certificate = try certify(
            CertificateRequest(for: key),
            as: subject,
            at: now,
            lifetime: lifetime
        )
        return try Credentials(key: key, certificate: certificate, authority: self.certificate)
    }
}

func permissions(of path: String) -> mode_t {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_mode & 0o777 : 0
}
