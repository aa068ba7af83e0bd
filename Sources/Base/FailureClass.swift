/// The class of a failed attempt; it alone decides what follows.
///
/// The numbers are those of the protocol (docs/formats/wire.md): never change or reuse one.
package enum FailureClass: UInt8, Equatable, Sendable, CaseIterable {
    /// Worth another try, counted against the task: out of disk or memory, a damaged transfer.
    case transient = 0
    /// The input is at fault: another try would end the same, and the job fails.
    case badInput = 1
    /// The product is at fault: the job fails.
    case defect = 2
    /// The split index is at fault: its compressed bytes arrived whole, and give another text.
    case wrongIndex = 3
}
