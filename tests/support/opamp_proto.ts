/**
 * The OpAMP messages for protobufjs: an oracle that shares no code and no field number with `opamp/protocol`.
 *
 * Fields as `opamp.proto` and `anyvalue.proto` of opamp-spec have them; enums are int32, as they are on the wire.
 *
 * @module
 */

import protobuf from "protobufjs";

const SOURCE = `
syntax = "proto3";
message AgentToServer {
  bytes instance_uid = 1;
  uint64 sequence_num = 2;
  AgentDescription agent_description = 3;
  uint64 capabilities = 4;
  ComponentHealth health = 5;
  EffectiveConfig effective_config = 6;
  RemoteConfigStatus remote_config_status = 7;
  PackageStatuses package_statuses = 8;
  AgentDisconnect agent_disconnect = 9;
  uint64 flags = 10;
  ConnectionSettingsRequest connection_settings_request = 11;
  CustomCapabilities custom_capabilities = 12;
  CustomMessage custom_message = 13;
  AvailableComponents available_components = 14;
  ConnectionSettingsStatus connection_settings_status = 15;
}
message AgentDisconnect {}
message ConnectionSettingsRequest { OpAMPConnectionSettingsRequest opamp = 1; }
message OpAMPConnectionSettingsRequest { CertificateRequest certificate_request = 1; }
message CertificateRequest { bytes csr = 1; }
message AvailableComponents { map<string, ComponentDetails> components = 1; bytes hash = 2; }
message ComponentDetails { repeated KeyValue metadata = 1; map<string, ComponentDetails> sub_component_map = 2; }
message ServerToAgent {
  bytes instance_uid = 1;
  ServerErrorResponse error_response = 2;
  AgentRemoteConfig remote_config = 3;
  ConnectionSettingsOffers connection_settings = 4;
  PackagesAvailable packages_available = 5;
  uint64 flags = 6;
  uint64 capabilities = 7;
  AgentIdentification agent_identification = 8;
  ServerToAgentCommand command = 9;
  CustomCapabilities custom_capabilities = 10;
  CustomMessage custom_message = 11;
}
message OpAMPConnectionSettings {
  string destination_endpoint = 1;
  Headers headers = 2;
  TLSCertificate certificate = 3;
  uint64 heartbeat_interval_seconds = 4;
  TLSConnectionSettings tls = 5;
  ProxyConnectionSettings proxy = 6;
}
message TelemetryConnectionSettings {
  string destination_endpoint = 1;
  Headers headers = 2;
  TLSCertificate certificate = 3;
  TLSConnectionSettings tls = 4;
  ProxyConnectionSettings proxy = 5;
}
message OtherConnectionSettings {
  string destination_endpoint = 1;
  Headers headers = 2;
  TLSCertificate certificate = 3;
  map<string, string> other_settings = 4;
  TLSConnectionSettings tls = 5;
  ProxyConnectionSettings proxy = 6;
}
message TLSConnectionSettings {
  string ca_pem_contents = 1;
  bool include_system_ca_certs_pool = 2;
  bool insecure_skip_verify = 3;
  string min_version = 4;
  string max_version = 5;
  repeated string cipher_suites = 6;
}
message ProxyConnectionSettings { string url = 1; Headers connect_headers = 2; }
message Headers { repeated Header headers = 1; }
message Header { string key = 1; string value = 2; }
message TLSCertificate { bytes cert = 1; bytes private_key = 2; bytes ca_cert = 3; }
message ConnectionSettingsOffers {
  bytes hash = 1;
  OpAMPConnectionSettings opamp = 2;
  TelemetryConnectionSettings own_metrics = 3;
  TelemetryConnectionSettings own_traces = 4;
  TelemetryConnectionSettings own_logs = 5;
  map<string, OtherConnectionSettings> other_connections = 6;
}
message PackagesAvailable { map<string, PackageAvailable> packages = 1; bytes all_packages_hash = 2; }
message PackageAvailable { int32 type = 1; string version = 2; DownloadableFile file = 3; bytes hash = 4; }
message DownloadableFile { string download_url = 1; bytes content_hash = 2; bytes signature = 3; Headers headers = 4; }
message ServerErrorResponse {
  int32 type = 1;
  string error_message = 2;
  oneof Details { RetryInfo retry_info = 3; }
}
message RetryInfo { uint64 retry_after_nanoseconds = 1; }
message ServerToAgentCommand { int32 type = 1; }
message AgentDescription {
  repeated KeyValue identifying_attributes = 1;
  repeated KeyValue non_identifying_attributes = 2;
}
message ComponentHealth {
  bool healthy = 1;
  fixed64 start_time_unix_nano = 2;
  string last_error = 3;
  string status = 4;
  fixed64 status_time_unix_nano = 5;
  map<string, ComponentHealth> component_health_map = 6;
  repeated KeyValue attributes = 7;
}
message EffectiveConfig { AgentConfigMap config_map = 1; }
message RemoteConfigStatus { bytes last_remote_config_hash = 1; int32 status = 2; string error_message = 3; }
message ConnectionSettingsStatus {
  bytes last_connection_settings_hash = 1;
  int32 status = 2;
  string error_message = 3;
}
message PackageStatuses {
  map<string, PackageStatus> packages = 1;
  bytes server_provided_all_packages_hash = 2;
  string error_message = 3;
}
message PackageStatus {
  string name = 1;
  string agent_has_version = 2;
  bytes agent_has_hash = 3;
  string server_offered_version = 4;
  bytes server_offered_hash = 5;
  int32 status = 6;
  string error_message = 7;
  PackageDownloadDetails download_details = 8;
}
message PackageDownloadDetails { double download_percent = 1; double download_bytes_per_second = 2; }
message AgentIdentification { bytes new_instance_uid = 1; }
message AgentRemoteConfig { AgentConfigMap config = 1; bytes config_hash = 2; }
message AgentConfigMap { map<string, AgentConfigObject> config_map = 1; }
message AgentConfigObject { bytes body = 1; string content_type = 2; string role = 3; }
message CustomCapabilities { repeated string capabilities = 1; }
message CustomMessage { string capability = 1; string type = 2; bytes data = 3; }
message AnyValue {
  oneof value {
    string string_value = 1;
    bool bool_value = 2;
    int64 int_value = 3;
    double double_value = 4;
    ArrayValue array_value = 5;
    KeyValueList kvlist_value = 6;
    bytes bytes_value = 7;
  }
}
message ArrayValue { repeated AnyValue values = 1; }
message KeyValueList { repeated KeyValue values = 1; }
message KeyValue { string key = 1; AnyValue value = 2; }
`;

const root = protobuf.parse(SOURCE, { keepCase: false }).root;

/** A message type by its name, such as "AgentToServer". */
export function opampType(name: string): protobuf.Type {
  return root.lookupType(name);
}
