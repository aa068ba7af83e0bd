import API
import Base
import HTTP
import Jobs
import Scheduling
import Transport

/// Jobs that are submitted again and again, at the times that cron lines say.
///
/// The job store keeps the lines, `Timetable` decides when one is due. A line whose last job has not
/// ended is left out that time. What nobody was there for is not caught up with.
extension CoordinatorShell {
    /// How often the timetable is looked at; a line is due for a minute.
    static let timetableInterval = Duration.seconds(1)
    /// Lines of the timetable; a guess.
    private static let schedulesLimit = 100

    /// Takes the lines up that are kept.
    func resumeSchedules() {
        jobStore.schedules { [unowned self] outcome in
            switch outcome {
            case .success(let records): for record in records { take(record) }
            case .failure(let error):
                // To go on without them would be to forget them silently.
                stop("the schedules could not be read: \(error)", exitCode: 1)
            }
        }
    }

    private func take(_ record: ScheduleRecord) {
        do throws(CronError) {
            timetable.add(record.id, try CronLine(record.cron), at: EventLoop.wallTime())
            schedules[record.id] = record
        } catch {
            CoordinatorLog.write("schedule \(record.id) is left out: \(error)")
        }
    }

    /// Submits what is due.
    func submitScheduled() {
        // Before that, the last job of a line may be one that is not known again yet.
        guard isReady else { return }
        for (id, time) in timetable.takeDue(at: EventLoop.wallTime()) {
            guard let record = schedules[id] else { continue }
            if let last = record.lastJob, jobs[last] != nil {
                CoordinatorLog.write("schedule \(id) is left out this time: job \(last) still runs")
                continue
            }
            submit(record, dueAt: time)
        }
    }

    private func submit(_ record: ScheduleRecord, dueAt time: WallTime) {
        let id = record.id
        do throws(JSONError) {
            var request = try JSON.decode(SubmitRequest.self, from: Array(record.request.utf8))
            // A coordinator that is killed here, or a clock that is set back, gives no second job.
            request.requestID = "schedule \(jobStore.identity)/\(id) \(time.rfc3339)"
            submit(request) { [unowned self] outcome in
                switch outcome {
                case .success(let job):
                    CoordinatorLog.write("schedule \(id) submitted job \(job)")
                    schedules[id]?.lastJob = job
                    jobStore.note(job, of: id) { answer in
                        guard case .failure(let error) = answer else { return }
                        CoordinatorLog.write("the last job of schedule \(id) is lost: \(error)")
                    }
                case .failure(let error):
                    CoordinatorLog.write("schedule \(id) could submit nothing: \(error.reason)")
                }
            }
        } catch {
            CoordinatorLog.write("schedule \(id) could submit nothing: \(error)")
        }
    }

    // MARK: Routes

    func addScheduleRoutes(to router: inout Router) {
        router.add(.get, API.Routes.schedules) { [unowned self] _, _, exchange in
            let list = schedules.keys.sorted().compactMap { schedules[$0].map(summary) }
            exchange.respond(json: ScheduleList(schedules: list))
        }
        router.add(.post, API.Routes.schedules) { [unowned self] request, _, exchange in
            guard let body = decode(ScheduleRequest.self, request, exchange) else { return }
            addSchedule(body, exchange)
        }
        router.add(.post, API.Routes.removeSchedule("{id}")) {
            [unowned self] _, parameters, exchange in
            removeSchedule(parameters["id"] ?? "", exchange)
        }
    }

    private func summary(_ record: ScheduleRecord) -> ScheduleSummary {
        let request = try? JSON.decode(SubmitRequest.self, from: Array(record.request.utf8))
        return ScheduleSummary(
            id: "\(record.id)",
            jobs: request.map { $0.jobs + $0.files.map(\.name) } ?? [],
            cron: record.cron,
            next: timetable.next(record.id)?.rfc3339,
            lastJob: record.lastJob.map { "\($0)" }
        )
    }

    private func addSchedule(_ body: ScheduleRequest, _ exchange: HTTPExchange) {
        let line: CronLine
        do {
            line = try CronLine(body.cron)
            // What cannot be submitted now would fail each time.
            _ = try planner.plan(body.submit)
        } catch {
            return exchange.respond(.error(400, (error as? PlanError)?.message ?? "\(error)"))
        }
        guard schedules.count < Self.schedulesLimit else {
            let text = "there are \(Self.schedulesLimit) schedules, the most there may be"
            return exchange.respond(.error(400, text))
        }
        let request = String(decoding: JSON.encode(body.submit), as: UTF8.self)
        jobStore.addSchedule(request: request, cron: line.description) { [unowned self] outcome in
            switch outcome {
            case .success(let id):
                let record = ScheduleRecord(id: id, request: request, cron: line.description)
                take(record)
                exchange.respond(json: summary(record))
            case .failure(let error):
                exchange.respond(.error(503, "the schedule could not be recorded: \(error)"))
            }
        }
    }

    private func removeSchedule(_ text: String, _ exchange: HTTPExchange) {
        guard let number = Int64(text), schedules[ScheduleID(number)] != nil else {
            let message = "there is no schedule '\(text)'; see otjob schedule list"
            return exchange.respond(.notFound(message))
        }
        let id = ScheduleID(number)
        jobStore.removeSchedule(id) { [unowned self] outcome in
            if case .failure(let error) = outcome {
                return exchange.respond(.error(503, "the schedule stays: \(error)"))
            }
            timetable.remove(id)
            schedules[id] = nil
            exchange.respond(.json(Array("{}".utf8)))
        }
    }
}
