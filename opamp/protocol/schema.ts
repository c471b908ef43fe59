/**
 * Field numbers and kinds of every OpAMP message, as data for the codec.
 *
 * The type of the table holds it to `types.ts`: no field of a message can be missing here, or be here alone.
 * Source: opamp-spec, `opamp.proto` and `anyvalue.proto`.
 *
 * @module
 */

import type * as types from "./types.ts";

/** A field's kind: a scalar, or the name of a message. */
export type ScalarKind = "bytes" | "string" | "bool" | "double" | "enum" | "mask" | "count" | "fixed64" | "int64";

export type MessageName = keyof Messages;

/** Number, kind, and how often: once, as one of several of which one is set, in a list, or as values of a map. */
export type FieldRow = readonly [
  number: number,
  kind: ScalarKind | MessageName,
  occurs?: "oneof" | "list" | "map",
];

/** Every message, by its name. */
interface Messages {
  AgentToServer: types.AgentToServer;
  ServerToAgent: types.ServerToAgent;
  AgentDescription: types.AgentDescription;
  ComponentHealth: types.ComponentHealth;
  EffectiveConfig: types.EffectiveConfig;
  RemoteConfigStatus: types.RemoteConfigStatus;
  ConnectionSettingsStatus: types.ConnectionSettingsStatus;
  AgentDisconnect: types.AgentDisconnect;
  AvailableComponents: types.AvailableComponents;
  ComponentDetails: types.ComponentDetails;
  AgentIdentification: types.AgentIdentification;
  AgentRemoteConfig: types.AgentRemoteConfig;
  AgentConfigMap: types.AgentConfigMap;
  AgentConfigObject: types.AgentConfigObject;
  ConnectionSettingsRequest: types.ConnectionSettingsRequest;
  OpAMPConnectionSettingsRequest: types.OpAMPConnectionSettingsRequest;
  CertificateRequest: types.CertificateRequest;
  ConnectionSettingsOffers: types.ConnectionSettingsOffers;
  OpAMPConnectionSettings: types.OpAMPConnectionSettings;
  TelemetryConnectionSettings: types.TelemetryConnectionSettings;
  OtherConnectionSettings: types.OtherConnectionSettings;
  TLSConnectionSettings: types.TLSConnectionSettings;
  ProxyConnectionSettings: types.ProxyConnectionSettings;
  Headers: types.Headers;
  Header: types.Header;
  TLSCertificate: types.TLSCertificate;
  PackagesAvailable: types.PackagesAvailable;
  PackageAvailable: types.PackageAvailable;
  DownloadableFile: types.DownloadableFile;
  PackageStatuses: types.PackageStatuses;
  PackageStatus: types.PackageStatus;
  PackageDownloadDetails: types.PackageDownloadDetails;
  ServerErrorResponse: types.ServerErrorResponse;
  RetryInfo: types.RetryInfo;
  ServerToAgentCommand: types.ServerToAgentCommand;
  CustomCapabilities: types.CustomCapabilities;
  CustomMessage: types.CustomMessage;
  AnyValue: types.AnyValue;
  ArrayValue: types.ArrayValue;
  KeyValueList: types.KeyValueList;
  KeyValue: types.KeyValue;
}

export const SCHEMA: { readonly [M in MessageName]: { readonly [F in keyof Messages[M]]-?: FieldRow } } = {
  AgentToServer: {
    instanceUid: [1, "bytes"],
    sequenceNum: [2, "count"],
    agentDescription: [3, "AgentDescription"],
    capabilities: [4, "mask"],
    health: [5, "ComponentHealth"],
    effectiveConfig: [6, "EffectiveConfig"],
    remoteConfigStatus: [7, "RemoteConfigStatus"],
    packageStatuses: [8, "PackageStatuses"],
    agentDisconnect: [9, "AgentDisconnect"],
    flags: [10, "mask"],
    connectionSettingsRequest: [11, "ConnectionSettingsRequest"],
    customCapabilities: [12, "CustomCapabilities"],
    customMessage: [13, "CustomMessage"],
    availableComponents: [14, "AvailableComponents"],
    connectionSettingsStatus: [15, "ConnectionSettingsStatus"],
  },
  ServerToAgent: {
    instanceUid: [1, "bytes"],
    errorResponse: [2, "ServerErrorResponse"],
    remoteConfig: [3, "AgentRemoteConfig"],
    connectionSettings: [4, "ConnectionSettingsOffers"],
    packagesAvailable: [5, "PackagesAvailable"],
    flags: [6, "mask"],
    capabilities: [7, "mask"],
    agentIdentification: [8, "AgentIdentification"],
    command: [9, "ServerToAgentCommand"],
    customCapabilities: [10, "CustomCapabilities"],
    customMessage: [11, "CustomMessage"],
  },
  AgentDescription: {
    identifyingAttributes: [1, "KeyValue", "list"],
    nonIdentifyingAttributes: [2, "KeyValue", "list"],
  },
  ComponentHealth: {
    healthy: [1, "bool"],
    startTimeUnixNano: [2, "fixed64"],
    lastError: [3, "string"],
    status: [4, "string"],
    statusTimeUnixNano: [5, "fixed64"],
    componentHealthMap: [6, "ComponentHealth", "map"],
    attributes: [7, "KeyValue", "list"],
  },
  EffectiveConfig: { configMap: [1, "AgentConfigMap"] },
  RemoteConfigStatus: { lastRemoteConfigHash: [1, "bytes"], status: [2, "enum"], errorMessage: [3, "string"] },
  ConnectionSettingsStatus: {
    lastConnectionSettingsHash: [1, "bytes"],
    status: [2, "enum"],
    errorMessage: [3, "string"],
  },
  AgentDisconnect: {},
  AvailableComponents: { components: [1, "ComponentDetails", "map"], hash: [2, "bytes"] },
  ComponentDetails: { metadata: [1, "KeyValue", "list"], subComponentMap: [2, "ComponentDetails", "map"] },
  AgentIdentification: { newInstanceUid: [1, "bytes"] },
  AgentRemoteConfig: { config: [1, "AgentConfigMap"], configHash: [2, "bytes"] },
  AgentConfigMap: { configMap: [1, "AgentConfigObject", "map"] },
  AgentConfigObject: { body: [1, "bytes"], contentType: [2, "string"], role: [3, "string"] },
  ConnectionSettingsRequest: { opamp: [1, "OpAMPConnectionSettingsRequest"] },
  OpAMPConnectionSettingsRequest: { certificateRequest: [1, "CertificateRequest"] },
  CertificateRequest: { csr: [1, "bytes"] },
  ConnectionSettingsOffers: {
    hash: [1, "bytes"],
    opamp: [2, "OpAMPConnectionSettings"],
    ownMetrics: [3, "TelemetryConnectionSettings"],
    ownTraces: [4, "TelemetryConnectionSettings"],
    ownLogs: [5, "TelemetryConnectionSettings"],
    otherConnections: [6, "OtherConnectionSettings", "map"],
  },
  OpAMPConnectionSettings: {
    destinationEndpoint: [1, "string"],
    headers: [2, "Headers"],
    certificate: [3, "TLSCertificate"],
    heartbeatIntervalSeconds: [4, "count"],
    tls: [5, "TLSConnectionSettings"],
    proxy: [6, "ProxyConnectionSettings"],
  },
  TelemetryConnectionSettings: {
    destinationEndpoint: [1, "string"],
    headers: [2, "Headers"],
    certificate: [3, "TLSCertificate"],
    tls: [4, "TLSConnectionSettings"],
    proxy: [5, "ProxyConnectionSettings"],
  },
  OtherConnectionSettings: {
    destinationEndpoint: [1, "string"],
    headers: [2, "Headers"],
    certificate: [3, "TLSCertificate"],
    otherSettings: [4, "string", "map"],
    tls: [5, "TLSConnectionSettings"],
    proxy: [6, "ProxyConnectionSettings"],
  },
  TLSConnectionSettings: {
    caPemContents: [1, "string"],
    includeSystemCaCertsPool: [2, "bool"],
    insecureSkipVerify: [3, "bool"],
    minVersion: [4, "string"],
    maxVersion: [5, "string"],
    cipherSuites: [6, "string", "list"],
  },
  ProxyConnectionSettings: { url: [1, "string"], connectHeaders: [2, "Headers"] },
  Headers: { headers: [1, "Header", "list"] },
  Header: { key: [1, "string"], value: [2, "string"] },
  TLSCertificate: { cert: [1, "bytes"], privateKey: [2, "bytes"], caCert: [3, "bytes"] },
  PackagesAvailable: { packages: [1, "PackageAvailable", "map"], allPackagesHash: [2, "bytes"] },
  PackageAvailable: { type: [1, "enum"], version: [2, "string"], file: [3, "DownloadableFile"], hash: [4, "bytes"] },
  DownloadableFile: {
    downloadUrl: [1, "string"],
    contentHash: [2, "bytes"],
    signature: [3, "bytes"],
    headers: [4, "Headers"],
  },
  PackageStatuses: {
    packages: [1, "PackageStatus", "map"],
    serverProvidedAllPackagesHash: [2, "bytes"],
    errorMessage: [3, "string"],
  },
  PackageStatus: {
    name: [1, "string"],
    agentHasVersion: [2, "string"],
    agentHasHash: [3, "bytes"],
    serverOfferedVersion: [4, "string"],
    serverOfferedHash: [5, "bytes"],
    status: [6, "enum"],
    errorMessage: [7, "string"],
    downloadDetails: [8, "PackageDownloadDetails"],
  },
  PackageDownloadDetails: { downloadPercent: [1, "double"], downloadBytesPerSecond: [2, "double"] },
  ServerErrorResponse: { type: [1, "enum"], errorMessage: [2, "string"], retryInfo: [3, "RetryInfo"] },
  RetryInfo: { retryAfterNanoseconds: [1, "count"] },
  ServerToAgentCommand: { type: [1, "enum"] },
  CustomCapabilities: { capabilities: [1, "string", "list"] },
  CustomMessage: { capability: [1, "string"], type: [2, "string"], data: [3, "bytes"] },
  AnyValue: {
    stringValue: [1, "string", "oneof"],
    boolValue: [2, "bool", "oneof"],
    intValue: [3, "int64", "oneof"],
    doubleValue: [4, "double", "oneof"],
    arrayValue: [5, "ArrayValue", "oneof"],
    kvlistValue: [6, "KeyValueList", "oneof"],
    bytesValue: [7, "bytes", "oneof"],
  },
  ArrayValue: { values: [1, "AnyValue", "list"] },
  KeyValueList: { values: [1, "KeyValue", "list"] },
  KeyValue: { key: [1, "string"], value: [2, "AnyValue"] },
};
