import API

extension StepStatus {
    /// What people call the step.
    var name: String { table ?? job }

    /// A colour and the number that says the same, as the timeline has them.
    static func chip(_ index: Int, _ text: String) -> HTML {
        #"<span class="chip s\#(index % 8)">\#(index + 1)</span> \#(text)"#
    }
}

extension [StepStatus] {
    /// The step that attempts name by its place in the job as it was declared.
    ///
    /// What an older release recorded has no places; its order is the best guess then.
    func declared(_ index: Int) -> StepStatus? {
        first { $0.index == index }
            ?? (contains { $0.index != nil } || !indices.contains(index) ? nil : self[index])
    }

    /// The name of a step by its place.
    func name(_ index: Int) -> String { declared(index)?.name ?? "step \(index + 1)" }

    /// All of them with their places.
    var placed: [(index: Int, step: StepStatus)] {
        enumerated().map { ($0.element.index ?? $0.offset, $0.element) }
    }
}
