import Base
import Identity

/// What a worker has proved to be, and until when.
///
/// The end is kept on the monotonic clock: whoever sets the wall clock must not end connections.
struct WorkerProof: Equatable {
    /// Nil where the certificate names nobody.
    let subject: Subject?
    let expires: Instant

    init(_ subject: Subject?, expires: Instant) {
        self.subject = subject
        self.expires = expires
    }

    /// A certificate that was judged to be valid at `now`, which is `wallTime` to other machines.
    init(_ certificate: Certificate, at now: Instant, _ wallTime: WallTime) {
        self.init(certificate.subject, expires: now + (certificate.validUntil - wallTime))
    }
}
