import Base

/// A workflow template.
package struct TemplateResource: Codable, Sendable {
    package let name: ResourceName
    /// As it was sent, in one form.
    package var body: JSONValue
    package var version: Int
    /// RFC 3339.
    package let created: String
    package var updated: String

    package func json() -> JSONValue {
        body
            .setting(["id"], to: .string(name.id))
            .setting(["name"], to: .string(name.path("workflowTemplates")))
            .setting(["version"], to: .integer(version))
            .setting(["createTime"], to: .string(created))
            .setting(["updateTime"], to: .string(updated))
    }
}

/// An autoscaling policy.
package struct PolicyResource: Codable, Sendable {
    package let name: ResourceName
    /// As it was sent, in one form.
    package var body: JSONValue

    package func json() -> JSONValue {
        body
            .setting(["id"], to: .string(name.id))
            .setting(["name"], to: .string(name.path("autoscalingPolicies")))
    }
}
