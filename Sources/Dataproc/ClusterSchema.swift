/// The messages that describe clusters, as of revision 20261023 of `dataproc:v1`.
enum ClusterSchema {
    static let cluster: MessageSchema = [
        "projectId": .string, "clusterName": .string, "clusterUuid": .output,
        "config": .message(config), "labels": .map(.string), "status": .output,
        "statusHistory": .output, "metrics": .output,
        "virtualClusterConfig": .message(virtualConfig),
    ]

    static let config: MessageSchema = [
        "autoscalingConfig": .message(["policyUri": .string]),
        "auxiliaryNodeGroups": .list(.message(auxiliaryNodeGroup)),
        "clusterTier": .enumeration(
            EnumSchema([
                "CLUSTER_TIER_UNSPECIFIED", "CLUSTER_TIER_STANDARD", "CLUSTER_TIER_PREMIUM",
            ])
        ),
        "clusterType": .enumeration(
            EnumSchema(["CLUSTER_TYPE_UNSPECIFIED", "STANDARD", "SINGLE_NODE", "ZERO_SCALE"])
        ),
        "configBucket": .string, "dataprocMetricConfig": .message(metrics),
        "diagnosticBucket": .string,
        "encryptionConfig": .message(["gcePdKmsKeyName": .string, "kmsKey": .string]),
        "endpointConfig": .message(["enableHttpPortAccess": .bool, "httpPorts": .output]),
        "engine": .enumeration(EnumSchema(["ENGINE_UNSPECIFIED", "DEFAULT", "LIGHTNING"])),
        "gceClusterConfig": .message(machines), "initializationActions": .list(.message(action)),
        "lifecycleConfig": .message(lifecycle), "masterConfig": .message(group),
        "metastoreConfig": .message(["dataprocMetastoreService": .string]),
        "schedulingConfig": .message([
            "requestedRunDuration": .duration, "schedulingTimeout": .duration,
        ]),
        "secondaryWorkerConfig": .message(group), "securityConfig": .message(security),
        "softwareConfig": .message(software), "tempBucket": .string,
        "workerConfig": .message(group),
    ]

    static let group: MessageSchema = [
        "accelerators": .list(
            .message(["acceleratorCount": .int32, "acceleratorTypeUri": .string])
        ),
        "diskConfig": .message(disk), "imageUri": .string,
        "instanceFlexibilityPolicy": .message(flexibility), "instanceNames": .output,
        "instanceReferences": .output, "isPreemptible": .output, "machineTypeUri": .string,
        "managedGroupConfig": .output, "minCpuPlatform": .string, "minNumInstances": .int32,
        "numInstances": .int32,
        "preemptibility": .enumeration(
            EnumSchema(["PREEMPTIBILITY_UNSPECIFIED", "NON_PREEMPTIBLE", "PREEMPTIBLE", "SPOT"])
        ),
        "startupConfig": .message(["requiredRegistrationFraction": .double]),
    ]

    private static let disk: MessageSchema = [
        "attachedDiskConfigs": .list(
            .message([
                "diskSizeGb": .int32,
                "diskType": .enumeration(
                    EnumSchema([
                        "DISK_TYPE_UNSPECIFIED", "HYPERDISK_BALANCED", "HYPERDISK_EXTREME",
                        "HYPERDISK_ML", "HYPERDISK_THROUGHPUT",
                    ])
                ),
                "provisionedIops": .int64, "provisionedThroughput": .int64, "type": .string,
            ])
        ),
        "bootDiskProvisionedIops": .int64, "bootDiskProvisionedThroughput": .int64,
        "bootDiskSizeGb": .int32, "bootDiskType": .string, "localSsdInterface": .string,
        "numLocalSsds": .int32,
    ]

    private static let flexibility: MessageSchema = [
        "instanceMachineTypes": .output,
        "instanceSelectionList": .list(
            .message([
                "diskConfig": .message(disk), "machineTypes": .list(.string), "rank": .int32,
            ])
        ),
        "instanceSelectionResults": .output,
        "provisioningModelMix": .message([
            "standardCapacityBase": .int32, "standardCapacityPercentAboveBase": .int32,
        ]),
    ]

    private static let auxiliaryNodeGroup: MessageSchema = [
        "nodeGroup": .message([
            "labels": .map(.string), "name": .string, "nodeGroupConfig": .message(group),
            "roles": .list(.enumeration(EnumSchema(["ROLE_UNSPECIFIED", "DRIVER"]))),
        ]), "nodeGroupId": .string,
    ]

    private static let metrics: MessageSchema = [
        "metrics": .list(
            .message([
                "metricOverrides": .list(.string),
                "metricSource": .enumeration(
                    EnumSchema([
                        "METRIC_SOURCE_UNSPECIFIED", "MONITORING_AGENT_DEFAULTS", "HDFS", "SPARK",
                        "YARN", "SPARK_HISTORY_SERVER", "HIVESERVER2", "HIVEMETASTORE", "FLINK",
                    ])
                ),
            ])
        )
    ]

    private static let machines: MessageSchema = [
        "autoZoneExcludeZoneUris": .list(.string),
        "confidentialInstanceConfig": .message([
            "confidentialInstanceType": .enumeration(
                EnumSchema(["CONFIDENTIAL_INSTANCE_TYPE_UNSPECIFIED", "SEV", "SEV_SNP", "TDX"])
            ), "enableConfidentialCompute": .bool,
        ]), "internalIpOnly": .bool, "metadata": .map(.string),
        "multiZoneConfig": .message([
            "targetShape": .enumeration(EnumSchema(["TARGET_SHAPE_UNSPECIFIED", "ANY"]))
        ]), "networkUri": .string, "nodeGroupAffinity": .message(["nodeGroupUri": .string]),
        "privateIpv6GoogleAccess": .enumeration(
            EnumSchema([
                "PRIVATE_IPV6_GOOGLE_ACCESS_UNSPECIFIED", "INHERIT_FROM_SUBNETWORK", "OUTBOUND",
                "BIDIRECTIONAL",
            ])
        ),
        "reservationAffinity": .message([
            "consumeReservationType": .enumeration(
                EnumSchema([
                    "TYPE_UNSPECIFIED", "NO_RESERVATION", "ANY_RESERVATION", "SPECIFIC_RESERVATION",
                ])
            ), "key": .string, "values": .list(.string),
        ]), "resourceManagerTags": .map(.string), "serviceAccount": .string,
        "serviceAccountScopes": .list(.string),
        "shieldedInstanceConfig": .message([
            "enableIntegrityMonitoring": .bool, "enableSecureBoot": .bool, "enableVtpm": .bool,
        ]), "subnetworkUri": .string, "tags": .list(.string), "zoneUri": .string,
    ]

    private static let action: MessageSchema = [
        "executableFile": .string, "executionTimeout": .duration,
    ]

    private static let lifecycle: MessageSchema = [
        "autoDeleteTime": .timestamp, "autoDeleteTtl": .duration, "autoStopTime": .timestamp,
        "autoStopTtl": .duration, "idleDeleteTtl": .duration, "idleStartTime": .output,
        "idleStopTtl": .duration,
    ]

    private static let security: MessageSchema = [
        "identityConfig": .message([
            "enableSsh": .bool, "userServiceAccountMapping": .map(.string),
        ]),
        "kerberosConfig": .message([
            "crossRealmTrustAdminServer": .string, "crossRealmTrustKdc": .string,
            "crossRealmTrustRealm": .string, "crossRealmTrustSharedPasswordUri": .string,
            "enableKerberos": .bool, "kdcDbKeyUri": .string, "keyPasswordUri": .string,
            "keystorePasswordUri": .string, "keystoreUri": .string, "kmsKeyUri": .string,
            "realm": .string, "rootPrincipalPasswordUri": .string, "tgtLifetimeHours": .int32,
            "truststorePasswordUri": .string, "truststoreUri": .string,
        ]),
    ]

    private static let software: MessageSchema = [
        "imageVersion": .string,
        "optionalComponents": .list(
            .enumeration(
                EnumSchema([
                    "COMPONENT_UNSPECIFIED": 0, "ANACONDA": 5, "DELTA": 20, "DOCKER": 13,
                    "DRUID": 9, "FLINK": 14, "HBASE": 11, "HIVE_WEBHCAT": 3, "HUDI": 18,
                    "ICEBERG": 19, "JUPYTER": 1, "JUPYTER_KERNEL_GATEWAY": 22, "PIG": 21,
                    "PRESTO": 6, "RANGER": 12, "SOLR": 10, "TRINO": 17, "ZEPPELIN": 4,
                    "ZOOKEEPER": 8,
                ])
            )
        ), "properties": .map(.string),
    ]

    /// Clusters on Kubernetes are refused, whatever stands in it.
    private static let virtualConfig: MessageSchema = [
        "auxiliaryServicesConfig": .output, "kubernetesClusterConfig": .output,
        "stagingBucket": .string,
    ]
}
