/// A first-in first-out queue: an array whose front moves on.
struct FrontQueue<Element: Sendable>: Sendable {
    private var elements: [Element] = []
    private var start = 0

    var count: Int { elements.count - start }
    var first: Element? { start < elements.count ? elements[start] : nil }

    mutating func append(_ element: Element) { elements.append(element) }

    @discardableResult
    mutating func popFirst() -> Element? {
        guard let first else { return nil }
        start += 1
        // Half of the array is behind us: cheap to cut off, and memory stays bounded.
        if start > 64, start * 2 > elements.count {
            elements.removeFirst(start)
            start = 0
        }
        return first
    }

    /// Drops elements at the front as long as they are like this.
    mutating func dropFirst(while isLike: (Element) -> Bool) {
        while let first, isLike(first) { popFirst() }
    }

    /// The elements at the front, as long as they are like this.
    func prefix(while isLike: (Element) -> Bool) -> [Element] {
        Array(elements[start...].prefix(while: isLike))
    }
}
