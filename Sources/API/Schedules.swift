/// What is to be submitted again and again, and when.
package struct ScheduleRequest: Codable, Equatable, Sendable {
    package var submit: SubmitRequest
    /// Minute, hour, day, month and day of the week, in UTC.
    package var cron: String

    package init(submit: SubmitRequest, cron: String) {
        self.submit = submit
        self.cron = cron
    }
}

/// One line of the timetable.
package struct ScheduleSummary: Codable, Equatable, Sendable {
    package var id: String
    /// The jobs that are submitted, as they were named.
    package var jobs: [String]
    package var cron: String
    /// RFC 3339.
    package var next: String?
    /// The job that it submitted last.
    package var lastJob: String?

    package init(id: String, jobs: [String], cron: String, next: String?, lastJob: String?) {
        self.id = id
        self.jobs = jobs
        self.cron = cron
        self.next = next
        self.lastJob = lastJob
    }

    private enum CodingKeys: String, CodingKey {
        case id
        case jobs
        case cron
        case next
        case lastJob = "last_job"
    }

    /// Writes what is nil as null, so that every key is always there.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        try container.encode(jobs, forKey: .jobs)
        try container.encode(cron, forKey: .cron)
        try container.encode(next, forKey: .next)
        try container.encode(lastJob, forKey: .lastJob)
    }
}

/// The answer to GET /api/schedules, the oldest first.
package struct ScheduleList: Codable, Equatable, Sendable {
    package var schedules: [ScheduleSummary]

    package init(schedules: [ScheduleSummary]) { self.schedules = schedules }
}
