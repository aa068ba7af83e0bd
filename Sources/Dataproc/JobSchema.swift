/// The messages that describe jobs, templates and policies, as of revision 20261023 of `dataproc:v1`.
enum JobSchema {
    /// The types of jobs there are; a job has exactly one.
    static let types: MessageSchema = [
        "flinkJob": .message(program.adding(["savepointUri": .string])),
        "hadoopJob": .message(program), "hiveJob": .message(queries),
        "pigJob": .message(queries), "prestoJob": .message(queries),
        "pysparkJob": .message(
            common.adding(["mainPythonFileUri": .string, "pythonFileUris": .list(.string)])
        ), "sparkJob": .message(program),
        "sparkRJob": .message(common.adding(["mainRFileUri": .string])),
        "sparkSqlJob": .message(queries), "trinoJob": .message(queries),
    ]

    static let typeNames = [
        "flinkJob", "hadoopJob", "hiveJob", "pigJob", "prestoJob", "pysparkJob", "sparkJob",
        "sparkRJob", "sparkSqlJob", "trinoJob",
    ]

    static let job = types.adding([
        "done": .output, "driverControlFilesUri": .output, "driverOutputResourceUri": .output,
        "driverSchedulingConfig": .message(["memoryMb": .int32, "vcores": .int32]),
        "jobUuid": .output, "labels": .map(.string),
        "placement": .message([
            "clusterLabels": .map(.string), "clusterName": .string, "clusterUuid": .output,
        ]), "reference": .message(["jobId": .string, "projectId": .string]),
        "scheduling": .message(scheduling), "status": .output, "statusHistory": .output,
        "yarnApplications": .output,
    ])

    static let submission: MessageSchema = ["job": .message(job), "requestId": .string]

    private static let scheduling: MessageSchema = [
        "maxFailuresPerHour": .int32, "maxFailuresTotal": .int32,
    ]

    private static let logging: MessageSchema = [
        "driverLogLevels": .map(
            .enumeration(
                EnumSchema([
                    "LEVEL_UNSPECIFIED", "ALL", "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL",
                    "OFF",
                ])
            )
        )
    ]

    private static let common: MessageSchema = [
        "archiveUris": .list(.string), "args": .list(.string), "fileUris": .list(.string),
        "jarFileUris": .list(.string), "loggingConfig": .message(logging),
        "properties": .map(.string),
    ]

    private static let program = common.adding(["mainClass": .string, "mainJarFileUri": .string])

    private static let queries: MessageSchema = [
        "clientTags": .list(.string), "continueOnFailure": .bool, "jarFileUris": .list(.string),
        "loggingConfig": .message(logging), "outputFormat": .string, "properties": .map(.string),
        "queryFileUri": .string, "queryList": .message(["queries": .list(.string)]),
        "scriptVariables": .map(.string),
    ]

    // MARK: Templates

    static let template: MessageSchema = [
        "createTime": .output, "dagTimeout": .duration,
        "encryptionConfig": .message(["kmsKey": .string]), "id": .string,
        "jobs": .list(.message(orderedJob)), "labels": .map(.string), "name": .string,
        "parameters": .list(.message(parameter)),
        "placement": .message([
            "clusterSelector": .message(["clusterLabels": .map(.string), "zone": .string]),
            "managedCluster": .message([
                "clusterName": .string, "config": .message(ClusterSchema.config),
                "labels": .map(.string),
            ]),
        ]), "updateTime": .output, "version": .int32,
    ]

    static let instantiation: MessageSchema = [
        "parameters": .map(.string), "requestId": .string, "version": .int32,
    ]

    private static let orderedJob = types.adding([
        "labels": .map(.string), "prerequisiteStepIds": .list(.string),
        "scheduling": .message(scheduling), "stepId": .string,
    ])

    private static let parameter: MessageSchema = [
        "description": .string, "fields": .list(.string), "name": .string,
        "validation": .message([
            "regex": .message(["regexes": .list(.string)]),
            "values": .message(["values": .list(.string)]),
        ]),
    ]

    // MARK: Policies

    static let policy: MessageSchema = [
        "basicAlgorithm": .message([
            "cooldownPeriod": .duration,
            "sparkStandaloneConfig": .message(
                algorithm.adding(["removeOnlyIdleWorkers": .bool])
            ), "yarnConfig": .message(algorithm),
        ]),
        "clusterType": .enumeration(
            EnumSchema(["CLUSTER_TYPE_UNSPECIFIED", "STANDARD", "ZERO_SCALE"])
        ), "id": .string, "labels": .map(.string), "name": .string,
        "secondaryWorkerConfig": .message(bounds), "workerConfig": .message(bounds),
    ]

    private static let algorithm: MessageSchema = [
        "gracefulDecommissionTimeout": .duration, "scaleDownFactor": .double,
        "scaleDownMinWorkerFraction": .double, "scaleUpFactor": .double,
        "scaleUpMinWorkerFraction": .double,
    ]

    private static let bounds: MessageSchema = [
        "maxInstances": .int32, "minInstances": .int32, "weight": .int32,
    ]
}
