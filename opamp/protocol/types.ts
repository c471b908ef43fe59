/**
 * The messages of OpAMP as plain values, in the protocol's names.
 *
 * Absent is undefined; a decoded scalar that came with its default value is absent or that value, as proto3 has it. A
 * sub-message that is there but empty is `{}` and means something else than an absent one. `bytes` are Uint8Array. Masks
 * are the low 32 bits of their uint64: higher bits have no meaning yet and are ignored. Counts and intervals (uint64) are
 * numbers that stop at 2^53 - 1; points in time (fixed64) and int values are bigint. Enums are numbers, so that unknown
 * ones survive: see `capabilities.ts`. Messages are never changed once made.
 * Source: opamp-spec v0.18.0 and its unreleased changes up to 2026-07, `opamp.proto`, `anyvalue.proto`.
 *
 * @module
 */

/** What an agent tells its server. */
export interface AgentToServer {
  /** 16 bytes, on every message. */
  readonly instanceUid?: Uint8Array | undefined;
  /** One more than that of the message before. */
  readonly sequenceNum?: number | undefined;
  readonly agentDescription?: AgentDescription | undefined;
  /** `AgentCapabilities`, on every message. */
  readonly capabilities?: number | undefined;
  readonly health?: ComponentHealth | undefined;
  readonly effectiveConfig?: EffectiveConfig | undefined;
  readonly remoteConfigStatus?: RemoteConfigStatus | undefined;
  readonly packageStatuses?: PackageStatuses | undefined;
  readonly agentDisconnect?: AgentDisconnect | undefined;
  /** `AgentToServerFlags`. */
  readonly flags?: number | undefined;
  readonly connectionSettingsRequest?: ConnectionSettingsRequest | undefined;
  readonly customCapabilities?: CustomCapabilities | undefined;
  readonly customMessage?: CustomMessage | undefined;
  readonly availableComponents?: AvailableComponents | undefined;
  readonly connectionSettingsStatus?: ConnectionSettingsStatus | undefined;
}

/** What a server answers, or pushes over a WebSocket. */
export interface ServerToAgent {
  readonly instanceUid?: Uint8Array | undefined;
  /** When set, nothing after it is. */
  readonly errorResponse?: ServerErrorResponse | undefined;
  readonly remoteConfig?: AgentRemoteConfig | undefined;
  readonly connectionSettings?: ConnectionSettingsOffers | undefined;
  readonly packagesAvailable?: PackagesAvailable | undefined;
  /** `ServerToAgentFlags`. */
  readonly flags?: number | undefined;
  /** `ServerCapabilities`; in the first message, later 0 or absent means unchanged. */
  readonly capabilities?: number | undefined;
  readonly agentIdentification?: AgentIdentification | undefined;
  /** When set, what stands beside it is to be ignored. */
  readonly command?: ServerToAgentCommand | undefined;
  readonly customCapabilities?: CustomCapabilities | undefined;
  readonly customMessage?: CustomMessage | undefined;
}

export interface AgentDescription {
  readonly identifyingAttributes?: readonly KeyValue[] | undefined;
  readonly nonIdentifyingAttributes?: readonly KeyValue[] | undefined;
}

export interface ComponentHealth {
  readonly healthy?: boolean | undefined;
  /** 0 or absent: not running. */
  readonly startTimeUnixNano?: bigint | undefined;
  readonly lastError?: string | undefined;
  readonly status?: string | undefined;
  readonly statusTimeUnixNano?: bigint | undefined;
  readonly componentHealthMap?: ReadonlyMap<string, ComponentHealth> | undefined;
  readonly attributes?: readonly KeyValue[] | undefined;
}

export interface EffectiveConfig {
  readonly configMap?: AgentConfigMap | undefined;
}

export interface RemoteConfigStatus {
  /** The hash last received, whatever became of it. */
  readonly lastRemoteConfigHash?: Uint8Array | undefined;
  /** `RemoteConfigStatuses`. */
  readonly status?: number | undefined;
  readonly errorMessage?: string | undefined;
}

export interface ConnectionSettingsStatus {
  readonly lastConnectionSettingsHash?: Uint8Array | undefined;
  /** `ConnectionSettingsStatuses`. */
  readonly status?: number | undefined;
  readonly errorMessage?: string | undefined;
}

export type AgentDisconnect = Readonly<Record<never, never>>;

export interface AvailableComponents {
  readonly components?: ReadonlyMap<string, ComponentDetails> | undefined;
  readonly hash?: Uint8Array | undefined;
}

export interface ComponentDetails {
  readonly metadata?: readonly KeyValue[] | undefined;
  readonly subComponentMap?: ReadonlyMap<string, ComponentDetails> | undefined;
}

export interface AgentIdentification {
  readonly newInstanceUid?: Uint8Array | undefined;
}

export interface AgentRemoteConfig {
  readonly config?: AgentConfigMap | undefined;
  /** The server's; opaque to the agent. */
  readonly configHash?: Uint8Array | undefined;
}

export interface AgentConfigMap {
  readonly configMap?: ReadonlyMap<string, AgentConfigObject> | undefined;
}

/** One file, section or object of a configuration (`AgentConfigFile` before 0.20). */
export interface AgentConfigObject {
  readonly body?: Uint8Array | undefined;
  readonly contentType?: string | undefined;
  readonly role?: string | undefined;
}

export interface ConnectionSettingsRequest {
  readonly opamp?: OpAMPConnectionSettingsRequest | undefined;
}

export interface OpAMPConnectionSettingsRequest {
  readonly certificateRequest?: CertificateRequest | undefined;
}

export interface CertificateRequest {
  /** PEM. */
  readonly csr?: Uint8Array | undefined;
}

export interface ConnectionSettingsOffers {
  readonly hash?: Uint8Array | undefined;
  readonly opamp?: OpAMPConnectionSettings | undefined;
  readonly ownMetrics?: TelemetryConnectionSettings | undefined;
  readonly ownTraces?: TelemetryConnectionSettings | undefined;
  readonly ownLogs?: TelemetryConnectionSettings | undefined;
  readonly otherConnections?: ReadonlyMap<string, OtherConnectionSettings> | undefined;
}

export interface OpAMPConnectionSettings {
  readonly destinationEndpoint?: string | undefined;
  readonly headers?: Headers | undefined;
  readonly certificate?: TLSCertificate | undefined;
  /** 0 and absent are one on the wire: no heartbeats. */
  readonly heartbeatIntervalSeconds?: number | undefined;
  readonly tls?: TLSConnectionSettings | undefined;
  readonly proxy?: ProxyConnectionSettings | undefined;
}

export interface TelemetryConnectionSettings {
  readonly destinationEndpoint?: string | undefined;
  readonly headers?: Headers | undefined;
  readonly certificate?: TLSCertificate | undefined;
  readonly tls?: TLSConnectionSettings | undefined;
  readonly proxy?: ProxyConnectionSettings | undefined;
}

export interface OtherConnectionSettings {
  readonly destinationEndpoint?: string | undefined;
  readonly headers?: Headers | undefined;
  readonly certificate?: TLSCertificate | undefined;
  readonly otherSettings?: ReadonlyMap<string, string> | undefined;
  readonly tls?: TLSConnectionSettings | undefined;
  readonly proxy?: ProxyConnectionSettings | undefined;
}

export interface TLSConnectionSettings {
  readonly caPemContents?: string | undefined;
  readonly includeSystemCaCertsPool?: boolean | undefined;
  readonly insecureSkipVerify?: boolean | undefined;
  /** "1.2" or "TLSv1.2". */
  readonly minVersion?: string | undefined;
  readonly maxVersion?: string | undefined;
  readonly cipherSuites?: readonly string[] | undefined;
}

export interface ProxyConnectionSettings {
  readonly url?: string | undefined;
  readonly connectHeaders?: Headers | undefined;
}

export interface Headers {
  readonly headers?: readonly Header[] | undefined;
}

export interface Header {
  readonly key?: string | undefined;
  readonly value?: string | undefined;
}

/** All as PEM. */
export interface TLSCertificate {
  readonly cert?: Uint8Array | undefined;
  readonly privateKey?: Uint8Array | undefined;
  readonly caCert?: Uint8Array | undefined;
}

export interface PackagesAvailable {
  readonly packages?: ReadonlyMap<string, PackageAvailable> | undefined;
  readonly allPackagesHash?: Uint8Array | undefined;
}

export interface PackageAvailable {
  /** `PackageType`. */
  readonly type?: number | undefined;
  readonly version?: string | undefined;
  readonly file?: DownloadableFile | undefined;
  readonly hash?: Uint8Array | undefined;
}

export interface DownloadableFile {
  readonly downloadUrl?: string | undefined;
  /** SHA-256 of the content. */
  readonly contentHash?: Uint8Array | undefined;
  readonly signature?: Uint8Array | undefined;
  readonly headers?: Headers | undefined;
}

export interface PackageStatuses {
  readonly packages?: ReadonlyMap<string, PackageStatus> | undefined;
  readonly serverProvidedAllPackagesHash?: Uint8Array | undefined;
  readonly errorMessage?: string | undefined;
}

export interface PackageStatus {
  /** The key under which it stands. */
  readonly name?: string | undefined;
  readonly agentHasVersion?: string | undefined;
  readonly agentHasHash?: Uint8Array | undefined;
  readonly serverOfferedVersion?: string | undefined;
  readonly serverOfferedHash?: Uint8Array | undefined;
  /** `PackageStatusEnum`. */
  readonly status?: number | undefined;
  readonly errorMessage?: string | undefined;
  readonly downloadDetails?: PackageDownloadDetails | undefined;
}

export interface PackageDownloadDetails {
  readonly downloadPercent?: number | undefined;
  readonly downloadBytesPerSecond?: number | undefined;
}

export interface ServerErrorResponse {
  /** `ServerErrorResponseType`. */
  readonly type?: number | undefined;
  readonly errorMessage?: string | undefined;
  readonly retryInfo?: RetryInfo | undefined;
}

export interface RetryInfo {
  readonly retryAfterNanoseconds?: number | undefined;
}

export interface ServerToAgentCommand {
  /** `CommandType`; Restart is 0, so absent too. */
  readonly type?: number | undefined;
}

export interface CustomCapabilities {
  readonly capabilities?: readonly string[] | undefined;
}

export interface CustomMessage {
  readonly capability?: string | undefined;
  readonly type?: string | undefined;
  readonly data?: Uint8Array | undefined;
}

/** At most one member is set; none is null. */
export interface AnyValue {
  readonly stringValue?: string | undefined;
  readonly boolValue?: boolean | undefined;
  readonly intValue?: bigint | undefined;
  readonly doubleValue?: number | undefined;
  readonly arrayValue?: ArrayValue | undefined;
  readonly kvlistValue?: KeyValueList | undefined;
  readonly bytesValue?: Uint8Array | undefined;
}

export interface ArrayValue {
  readonly values?: readonly AnyValue[] | undefined;
}

export interface KeyValueList {
  readonly values?: readonly KeyValue[] | undefined;
}

export interface KeyValue {
  readonly key?: string | undefined;
  readonly value?: AnyValue | undefined;
}
