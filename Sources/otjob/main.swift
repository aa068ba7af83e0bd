import CLI
import Coordinator
import Glibc
import Sample
import Worker

let programs = Programs(
    coordinator: { configuration, workers in
        runCoordinator(configurationPath: configuration, workers: workers)
    },
    worker: { arguments in
        runWorker(
            WorkerOptions(
                coordinator: arguments.coordinator,
                pool: arguments.pool,
                slots: arguments.slots,
                name: arguments.name,
                identity: arguments.identity,
                tokenFile: arguments.tokenFile
            )
        )
    },
    sample: { scale, seed, folder throws(CLIError) in
        do throws(SampleError) {
            try writeSample(scale: scale, seed: seed, into: folder)
        } catch {
            throw .failed(error.description)
        }
    },
    index: { request throws(CLIError) in
        let file = IndexedFile(
            path: request.path,
            configuration: request.configuration,
            hasHeader: request.hasHeader
        )
        do throws(IndexingError) {
            return try request.isCheck ? file.check() : file.make()
        } catch {
            throw error.isUnreadable ? .invalid(error.description) : .failed(error.description)
        }
    },
    stopLeftWorkers: { state throws(CLIError) in
        do {
            return try stopLeftWorkers(stateDirectory: state)
        } catch {
            throw .failed("\(error)")
        }
    }
)
exit(CommandLineTool(programs: programs).run(Array(CommandLine.arguments.dropFirst())))
