/// One request, taken apart: where it points, and what it holds in one form.
package struct Call {
    /// Project, region and the id in the path; the id is empty where it names a collection.
    let place: ResourceName
    let query: Query
    let body: JSONValue
    let world: World
    let now: Moment
    /// What is wrong with a submit that the planner would refuse; nil when it would not.
    let refusal: (JobWork) -> String?
}

extension Call {
    /// What a workflow asks for itself; its jobs were looked at when it was begun.
    init(ofWorkflowIn place: ResourceName, _ world: World, at now: Moment) {
        self.init(
            place: place,
            query: .empty,
            body: .object([:]),
            world: world,
            now: now,
            refusal: { _ in nil }
        )
    }
}
