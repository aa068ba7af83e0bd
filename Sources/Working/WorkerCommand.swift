package import Base
package import Columns
package import Wire

/// What the shell of a worker has to do; commands of one event are carried out in order.
package enum WorkerCommand: Sendable, Equatable {
    /// Open a connection after this time; answered by `connected` or `connectFailed`.
    case connect(after: Duration)
    case send(WorkerMessage)
    /// Tell `beatDue` at this rhythm, as long as the connection lasts.
    case beat(every: Duration)
    /// Take memory for the chunk's text and receive the run into it.
    case receive(TransformLease)
    /// Say where the memory comes from that one worker is let in to read.
    case askForSharedMemory(as: WorkerID)
    /// Take the memory that holds the lease's run.
    case takeShared(TransformLease)
    /// Do the work on the slot; answered by `slotEnded`.
    case run(SlotWork, slot: Int)
    /// Send the result that the attempt's slot has left.
    case sendResult(AttemptID, AttemptReport = AttemptReport())
    /// The text and the result kept under the attempt are not needed any more.
    case discard(AttemptID)
    /// Take the certificate for the key that the last `renewalDue` has asked it for.
    case adoptCertificate(pem: String)
    case close(reason: String)
    /// End the process.
    case stop(reason: String, exitCode: Int32)
    /// A line for the log.
    case note(String)
}

/// What a slot is given to do.
package enum SlotWork: Sendable, Equatable {
    /// A chunk whose text has arrived, with the CRC-32 it must have.
    case chunk(TransformLease, TransformDeclaration, crc32: UInt32)
    case synthetic(SyntheticLease)

    package var attempt: AttemptID {
        switch self {
        case .chunk(let lease, _, _): lease.attempt
        case .synthetic(let lease): lease.attempt
        }
    }
}

/// What came of it.
package enum SlotOutcome: Sendable, Equatable {
    /// The result lies with the shell and takes so many bytes to send.
    case transformed(sizeBytes: Int, AttemptReport = AttemptReport())
    case finished
    case failed(FailureClass, message: String, AttemptReport = AttemptReport())
}

/// Something that happened to a worker, besides messages.
package enum WorkerEvent: Sendable, Equatable {
    case started
    case connected
    case connectFailed(reason: String)
    /// The connection ended.
    case closed(reason: String)
    case beatDue
    case slotEnded(Int, SlotOutcome)
    /// The certificate needs to be renewed, with this request.
    case renewalDue(request: String)
    /// There is no valid certificate any more, so that no coordinator would take the worker in.
    case identityEnded(reason: String)
    /// A signal asks the process to end.
    case stopRequested(reason: String)
}
