import Base

/// Turns received bytes into messages, and puts the data of a run straight where it belongs.
///
/// Sans-IO: the caller reads into `destination` and then reports how many bytes came. A run's data
/// goes into memory that the handler of its head named, so that bulk bytes are copied at most once
/// (the few that arrive together with a frame's header). One run is open at a time.
package final class FrameReader {
    private static let stagingBytes = 64 << 10
    /// Bytes read at once while a run is open: headers only, so that its data is read in place.
    private static let stagingBytesInRun = 4 << 10

    /// Largest payload that is taken; an unknown peer costs no more memory than that.
    private var payloadLimit: Int
    private var staging: UnsafeMutableRawBufferPointer
    private var stagedStart = 0
    private var stagedEnd = 0

    private var run: UnsafeMutableRawBufferPointer?
    private var runFilled = 0
    /// Bytes of the current data frame that are still to come.
    private var dataRemaining = 0

    package init(payloadLimit: Int = Limits.framePayloadBytes) {
        self.payloadLimit = payloadLimit
        let size = min(Self.stagingBytes, FrameHeader.sizeBytes + payloadLimit)
        staging = .allocate(byteCount: size, alignment: 16)
    }

    deinit { staging.deallocate() }

    /// Takes frames of any allowed size from now on: the peer is known.
    package func liftPayloadLimit() { payloadLimit = Limits.framePayloadBytes }

    /// Where the next bytes shall be read to; never empty.
    package var destination: UnsafeMutableRawBufferPointer {
        if dataRemaining > 0, stagedStart == stagedEnd, let run {
            return UnsafeMutableRawBufferPointer(
                rebasing: run[runFilled..<runFilled + dataRemaining]
            )
        }
        let room = staging.count - stagedEnd
        let wanted = run == nil ? room : min(room, Self.stagingBytesInRun)
        return UnsafeMutableRawBufferPointer(rebasing: staging[stagedEnd..<stagedEnd + wanted])
    }

    /// Opens a run of exactly `memory.count` bytes; to be called by the handler of its head.
    package func beginRun(into memory: UnsafeMutableRawBufferPointer) throws(WireError) {
        guard run == nil else { throw .unexpectedData("a run begins within another") }
        run = memory
        runFilled = 0
    }

    /// Closes the run; to be called by the handler of `runEnd`.
    package func endRun() throws(WireError) {
        guard let memory = run else { throw .unexpectedData("the end of a run that never began") }
        guard runFilled == memory.count else {
            throw .unexpectedData("a run of \(runFilled) bytes, \(memory.count) were announced")
        }
        run = nil
    }

    /// Takes note of `count` bytes written to `destination` and hands out the messages they end.
    ///
    /// The payload lent to `onMessage` is valid during the call only.
    package func received(
        _ count: Int,
        onMessage: (FrameKind, UnsafeRawBufferPointer) throws(WireError) -> Void
    ) throws(WireError) {
        if dataRemaining > 0, stagedStart == stagedEnd {
            runFilled += count
            dataRemaining -= count
            return
        }
        stagedEnd += count
        while try takeFrame(onMessage) {}
        compact()
    }

    /// Handles what stands at the front of the staging area; false when more bytes are needed.
    private func takeFrame(
        _ onMessage: (FrameKind, UnsafeRawBufferPointer) throws(WireError) -> Void
    ) throws(WireError) -> Bool {
        if dataRemaining > 0 { return takeStagedData() }
        let available = stagedEnd - stagedStart
        guard available >= FrameHeader.sizeBytes else { return false }
        let header = try FrameHeader(
            decoding: UnsafeRawBufferPointer(rebasing: staging[stagedStart..<stagedEnd])
        )
        guard header.payloadSizeBytes <= payloadLimit else {
            throw .frameTooLarge(sizeBytes: header.payloadSizeBytes, limit: payloadLimit)
        }
        if header.kind == .data {
            try beginData(header.payloadSizeBytes)
            return true
        }
        let frameSize = FrameHeader.sizeBytes + header.payloadSizeBytes
        guard available >= frameSize else {
            makeRoom(for: frameSize)
            return false
        }
        let payload = staging[stagedStart + FrameHeader.sizeBytes..<stagedStart + frameSize]
        stagedStart += frameSize
        try onMessage(header.kind, UnsafeRawBufferPointer(rebasing: payload))
        return true
    }

    private func beginData(_ size: Int) throws(WireError) {
        guard let memory = run else { throw .unexpectedData("a data frame outside of a run") }
        guard size <= memory.count - runFilled else {
            throw .unexpectedData("a run grows over its announced \(memory.count) bytes")
        }
        stagedStart += FrameHeader.sizeBytes
        dataRemaining = size
    }

    /// Copies data that was read together with its header; false when all of it is taken.
    private func takeStagedData() -> Bool {
        let count = min(dataRemaining, stagedEnd - stagedStart)
        guard count > 0, let run else { return false }
        UnsafeMutableRawBufferPointer(rebasing: run[runFilled..<runFilled + count])
            .copyMemory(
                from: UnsafeRawBufferPointer(rebasing: staging[stagedStart..<stagedStart + count])
            )
        stagedStart += count
        runFilled += count
        dataRemaining -= count
        return stagedStart < stagedEnd
    }

    private func compact() {
        if stagedStart == stagedEnd {
            (stagedStart, stagedEnd) = (0, 0)
        } else if stagedStart > 0, staging.count - stagedEnd < Self.stagingBytesInRun {
            moveToFront(of: staging)
        }
        if stagedEnd == staging.count { makeRoom(for: staging.count * 2) }
        // The limit was lifted; not sooner, because payloads are lent out of the staging area.
        if staging.count < min(payloadLimit, Self.stagingBytes) { makeRoom(for: Self.stagingBytes) }
    }

    /// Sees to it that a frame of `size` bytes fits behind `stagedStart`.
    private func makeRoom(for size: Int) {
        guard size > staging.count - stagedStart else { return }
        guard size > staging.count else { return moveToFront(of: staging) }
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
        let smaller = staging
        moveToFront(of: larger)
        smaller.deallocate()
    }

    private func moveToFront(of target: UnsafeMutableRawBufferPointer) {
        let staged = staging[stagedStart..<stagedEnd]
        target.copyMemory(from: UnsafeRawBufferPointer(rebasing: staged))
        staging = target
        (stagedStart, stagedEnd) = (0, staged.count)
    }
}
