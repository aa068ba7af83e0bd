import Glibc

/// Makes a system call that answers -1 on failure, again while a signal interrupts it.
///
/// Every call of this target goes through here, so that `errno` is read at once and EINTR is
/// handled in one place. Not for close(2): on Linux the descriptor is gone even after EINTR.
func systemCall<Result: SignedInteger>(
    _ operation: String,
    _ path: String,
    changing change: StorageFaults.Operation? = nil,
    _ call: () -> Result
) throws(StorageError) -> Result {
    if let change, let number = StorageFaults.errorNumber(for: change, path) {
        throw .system(operation: operation, path: path, errno: number)
    }
    while true {
        let result = call()
        if result != -1 { return result }
        let number = errno
        guard number == EINTR else {
            // A bad descriptor or pointer is a defect of this program, never a state of the disk.
            precondition(number != EBADF && number != EFAULT, "\(operation) \(path): \(number)")
            throw .system(operation: operation, path: path, errno: number)
        }
    }
}
