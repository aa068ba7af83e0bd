/// What a load does to the rows that its table holds already.
package enum WriteMode: Hashable, Sendable {
    /// The table's content is exchanged for the new one.
    case replace
    /// The new rows join those that are there.
    case append
}
