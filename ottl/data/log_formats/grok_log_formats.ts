/**
 * Grok definitions of whole log lines: cloud services, name servers, mail, firewalls, network and service monitors.
 *
 * Written after the public grok definitions (logstash-patterns-core; Apache-2.0) in the syntax of RE2, with the names of
 * fields that go-grok has. Missing: Cisco and other firewalls but Junos.
 *
 * @module
 */

/** A field that may be `-`. */
const orDash = (pattern: string) => `(?:-|${pattern})`;

/** Fields by their separator. */
const joined = (fields: readonly string[], separator = " ") => fields.join(separator);

const TAB = String.raw`\t`;

const AWS: Readonly<Record<string, string>> = {
  S3_REQUEST_LINE: "(?:%{WORD:http.request.method} %{NOTSPACE:url.original}(?: HTTP/%{NUMBER:http.version})?)",
  S3_ACCESS_LOG: joined([
    "%{WORD:aws.s3access.bucket_owner}",
    "%{NOTSPACE:aws.s3access.bucket}",
    String.raw`\[%{HTTPDATE:timestamp}\]`,
    orDash("%{IP:client.ip}"),
    orDash("%{NOTSPACE:client.user.id}"),
    "%{NOTSPACE:aws.s3access.request_id}",
    "%{NOTSPACE:aws.s3access.operation}",
    orDash("%{NOTSPACE:aws.s3access.key}"),
    orDash('"%{S3_REQUEST_LINE:aws.s3access.request_uri}"'),
    orDash("%{INT:http.response.status_code:int}"),
    orDash("%{NOTSPACE:aws.s3access.error_code}"),
    orDash("%{INT:aws.s3access.bytes_sent:long}"),
    orDash("%{INT:aws.s3access.object_size:long}"),
    orDash("%{INT:aws.s3access.total_time:int}"),
    orDash("%{INT:aws.s3access.turn_around_time:int}"),
    `"${orDash("%{DATA:http.request.referrer}")}"`,
    `"${orDash("%{DATA:user_agent.original}")}"`,
    orDash("%{NOTSPACE:aws.s3access.version_id}"),
  ]) + `(?: ${
    joined([
      orDash("%{NOTSPACE:aws.s3access.host_id}"),
      orDash("%{NOTSPACE:aws.s3access.signature_version}"),
      orDash("%{NOTSPACE:tls.cipher}"),
      orDash("%{NOTSPACE:aws.s3access.authentication_type}"),
      orDash("%{NOTSPACE:aws.s3access.host_header}"),
      orDash("%{NOTSPACE:aws.s3access.tls_version}"),
    ])
  })?`,
  ELB_URIHOST: "%{IPORHOST:url.domain}(?::%{POSINT:url.port:int})?",
  ELB_URIPATHQUERY: String.raw`%{URIPATH:url.path}(?:\?%{URIQUERY:url.query})?`,
  ELB_URIPATHPARAM: "%{ELB_URIPATHQUERY}",
  ELB_URI: "%{URIPROTO:url.scheme}://(?:%{USER:url.username}(?::[^@]*)?@)?(?:%{ELB_URIHOST})?(?:%{ELB_URIPATHQUERY})?",
  ELB_REQUEST_LINE: "(?:%{WORD:http.request.method} %{ELB_URI:url.original}(?: HTTP/%{NUMBER:http.version})?)",
  ELB_V1_HTTP_LOG: joined([
    "%{TIMESTAMP_ISO8601:timestamp}",
    "%{NOTSPACE:aws.elb.name}",
    "%{IP:source.ip}:%{INT:source.port:int}",
    orDash("(?:%{IP:aws.elb.backend.ip}:%{INT:aws.elb.backend.port:int})"),
    "(?:-1|%{NUMBER:aws.elb.request_processing_time.sec:float})",
    "(?:-1|%{NUMBER:aws.elb.backend_processing_time.sec:float})",
    "(?:-1|%{NUMBER:aws.elb.response_processing_time.sec:float})",
    "%{INT:http.response.status_code:int}",
    orDash("%{INT:aws.elb.backend.http.response.status_code:int}"),
    "%{INT:http.request.body.bytes:long}",
    "%{INT:http.response.body.bytes:long}",
    '"%{ELB_REQUEST_LINE}"',
  ]) + `(?: "${orDash("%{DATA:user_agent.original}")}" ${orDash("%{NOTSPACE:tls.cipher}")} ` +
    `${orDash("%{NOTSPACE:aws.elb.ssl_protocol}")})?`,
  ELB_ACCESS_LOG: "%{ELB_V1_HTTP_LOG}",
  CLOUDFRONT_ACCESS_LOG: joined([
    String.raw`(?P<timestamp>%{YEAR}-%{MONTHNUM}-%{MONTHDAY}\t%{TIME})`,
    "%{WORD:aws.cloudfront.x_edge_location}",
    orDash("%{INT:destination.bytes:long}"),
    "%{IPORHOST:source.ip}",
    "%{WORD:http.request.method}",
    "%{HOSTNAME:url.domain}",
    "%{NOTSPACE:url.path}",
    "(?:000|%{INT:http.response.status_code:int})",
    orDash("%{DATA:http.request.referrer}"),
    "%{NOTSPACE:user_agent.original}",
    orDash("%{DATA:url.query}"),
    orDash("%{DATA:aws.cloudfront.http.request.cookie}"),
    "%{WORD:aws.cloudfront.x_edge_result_type}",
    "%{NOTSPACE:aws.cloudfront.x_edge_request_id}",
    "%{HOSTNAME:aws.cloudfront.http.request.host}",
    "%{URIPROTO:network.protocol}",
    orDash("%{INT:source.bytes:long}"),
    "%{NUMBER:aws.cloudfront.time_taken:float}",
    orDash("%{IP:network.forwarded_ip}"),
    orDash("%{DATA:aws.cloudfront.ssl_protocol}"),
    orDash("%{NOTSPACE:tls.cipher}"),
    "%{WORD:aws.cloudfront.x_edge_response_result_type}",
  ], TAB) + `(?:${
    TAB + joined([
      orDash("HTTP/%{NUMBER:http.version}"),
      orDash("%{DATA:aws.cloudfront.fle_status}"),
      orDash("%{DATA:aws.cloudfront.fle_encrypted_fields}"),
      "%{INT:source.port:int}",
      "%{NUMBER:aws.cloudfront.time_to_first_byte:float}",
      orDash("%{DATA:aws.cloudfront.x_edge_detailed_result_type}"),
      orDash("%{NOTSPACE:http.request.mime_type}"),
      orDash("%{INT:aws.cloudfront.http.request.size:long}"),
      orDash("%{INT:aws.cloudfront.http.request.range.start:long}"),
      orDash("%{INT:aws.cloudfront.http.request.range.end:long}"),
    ], TAB)
  })?`,
};

const BIND9: Readonly<Record<string, string>> = {
  BIND9_TIMESTAMP: "%{MONTHDAY}-%{MONTH}-%{YEAR} %{TIME}",
  BIND9_DNSTYPE: "(?:AAAA|A|CAA|CDNSKEY|CDS|CERT|CNAME|CSYNC|DLV|DNAME|DNSKEY|DS|HINFO|LOC|MX|NAPTR|NSEC3|NSEC|NS|" +
    "OPENPGPKEY|PTR|RRSIG|RP|SIG|SMIMEA|SOA|SRV|TSIG|TXT|URI)",
  BIND9_CATEGORY: "(?:queries)",
  BIND9_QUERYLOGBASE: "client(?: @0x[0-9A-Fa-f]+)? %{IP:client.ip}#%{POSINT:client.port:int} " +
    String.raw`\(%{GREEDYDATA:bind.log.question.name}\): query: %{GREEDYDATA:dns.question.name} ` +
    String.raw`(?P<dns___question___class>IN) %{BIND9_DNSTYPE:dns.question.type}` +
    String.raw`(?: %{DATA:bind.log.question.flags})? \(%{IP:server.ip}\)`,
  // "bing" is what go-grok says.
  BIND9_QUERYLOG: "%{BIND9_TIMESTAMP:timestamp} %{BIND9_CATEGORY:bing.log.category}: %{LOGLEVEL:log.level}: " +
    "%{BIND9_QUERYLOGBASE}",
  BIND9: "%{BIND9_QUERYLOG}",
};

const EXIM: Readonly<Record<string, string>> = {
  EXIM_MSGID: "[0-9A-Za-z]{6}-[0-9A-Za-z]{6}-[0-9A-Za-z]{2}",
  EXIM_FLAGS: String.raw`(?:<=|[-=>*]>|[*]{2}|==|<>|>>)`,
  EXIM_DATE: "(?:%{YEAR}-%{MONTHNUM}-%{MONTHDAY} %{TIME})",
  EXIM_PID: String.raw`\[%{POSINT:process.pid:int}\]`,
  EXIM_QT: String.raw`(?:\d+y)?(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?`,
  EXIM_EXCLUDE_TERMS:
    "(?:Message is frozen|(?:Start|End) queue run| Warning: | retry time not reached | no (?:IP address|" +
    "host name) found for (?:IP address|host) | unexpected disconnection while reading SMTP command | no immediate " +
    "delivery: |another process is handling this message)",
  EXIM_REMOTE_HOST:
    String.raw`H=(?:\(?%{HOSTNAME:source.host.name}\)? )?(?:\(%{NOTSPACE:exim.log.remote_address}\) )?` +
    String.raw`\[%{IP:source.address}\](?::%{POSINT:source.port:int})?`,
  EXIM_INTERFACE: String.raw`I=\[%{IP:destination.address}\](?::%{NUMBER:destination.port:int})`,
  EXIM_PROTOCOL: "P=%{NOTSPACE:network.protocol.name}",
  EXIM_MSG_SIZE: "S=%{NUMBER:exim.log.message.body.size:int}",
  EXIM_HEADER_ID: "id=%{NOTSPACE:exim.log.header_id}",
  EXIM_QUOTED_CONTENT: String.raw`(?:\\.|[^\\"])*`,
  EXIM_SUBJECT: 'T="%{EXIM_QUOTED_CONTENT:exim.log.message.subject}"',
  EXIM_UNKNOWN_FIELD: "(?:[A-Za-z0-9]{1,4}=(?:%{QUOTEDSTRING}|%{NOTSPACE}))",
  EXIM_NAMED_FIELDS:
    "(?: (?:%{EXIM_REMOTE_HOST}|%{EXIM_INTERFACE}|%{EXIM_PROTOCOL}|%{EXIM_MSG_SIZE}|%{EXIM_HEADER_ID}|" +
    "%{EXIM_SUBJECT}|%{EXIM_UNKNOWN_FIELD}))*",
  EXIM_MESSAGE_ARRIVAL: "%{EXIM_DATE:timestamp} (?:%{EXIM_PID} )?%{EXIM_MSGID:exim.log.message.id} " +
    "(?P<exim___log___flags><=) %{EMAILADDRESS:exim.log.sender.email}%{EXIM_NAMED_FIELDS}" +
    "(?:(?: from <?%{DATA:exim.log.sender.original}>?)? for %{EMAILADDRESS:exim.log.recipient.email})?",
  EXIM: "%{EXIM_MESSAGE_ARRIVAL}",
};

const FLOW_ENDS = "%{IP:source.ip}/%{INT:source.port:int}->%{IP:destination.ip}/%{INT:destination.port:int} " +
  "%{DATA:juniper.srx.service_name}";
const FLOW_NAT =
  "%{IP:source.nat.ip}/%{INT:source.nat.port:int}->%{IP:destination.nat.ip}/%{INT:destination.nat.port:int} " +
  "(?:None|%{DATA:juniper.srx.src_nat_rule_name}) (?:None|%{DATA:juniper.srx.dst_nat_rule_name})";
const FLOW_RULE = "%{DATA:rule.name} %{DATA:observer.ingress.zone} %{DATA:observer.egress.zone}";

const JUNOS: Readonly<Record<string, string>> = {
  RT_FLOW_TAG: "(?:RT_FLOW_SESSION_CREATE|RT_FLOW_SESSION_CLOSE|RT_FLOW_SESSION_DENY)",
  RT_FLOW_EVENT: "%{RT_FLOW_TAG}",
  RT_FLOW1: `%{RT_FLOW_TAG:juniper.srx.tag}: %{GREEDYDATA:juniper.srx.reason}: ${FLOW_ENDS} ${FLOW_NAT} ` +
    `%{INT:network.iana_number} ${FLOW_RULE} %{INT:juniper.srx.session_id} ` +
    String
      .raw`\d+\(%{INT:source.bytes:long}\) \d+\(%{INT:destination.bytes:long}\) %{INT:juniper.srx.elapsed_time:int} .*`,
  RT_FLOW2: `%{RT_FLOW_TAG:juniper.srx.tag}: session created ${FLOW_ENDS} ${FLOW_NAT} %{INT:network.iana_number} ` +
    `${FLOW_RULE} %{INT:juniper.srx.session_id} .*`,
  RT_FLOW3: `%{RT_FLOW_TAG:juniper.srx.tag}: session denied ${FLOW_ENDS} ` +
    String.raw`%{INT:network.iana_number}\(\d\) ${FLOW_RULE} .*`,
};

const RAILS: Readonly<Record<string, string>> = {
  RUUID: "[0-9A-Fa-f]{32}",
  RCONTROLLER: String.raw`(?P<rails___controller___class>[^#]+)#(?P<rails___controller___action>\w+)`,
  RAILS3HEAD:
    '(?m)Started %{WORD:http.request.method} "%{URIPATHPARAM:url.original}" for %{IPORHOST:source.address} at ' +
    "(?P<timestamp>%{YEAR}-%{MONTHNUM}-%{MONTHDAY} %{HOUR}:%{MINUTE}:%{SECOND} %{ISO8601_TIMEZONE})",
  RPROCESSING: String.raw`\W*Processing by %{RCONTROLLER} as %{NOTSPACE:rails.request.format}` +
    String.raw`(?:\W*Parameters: \{%{DATA:rails.request.params}\}\W*)?`,
  RAILS3PROFILE: String.raw`(?:\(Views: %{NUMBER:rails.request.duration.view:float}ms \| ActiveRecord: ` +
    String.raw`%{NUMBER:rails.request.duration.active_record:float}ms|` +
    String.raw`\(ActiveRecord: %{NUMBER:rails.request.duration.active_record:float}ms)?`,
  RAILS3FOOT: "Completed %{POSINT:http.response.status_code:int}%{DATA} in " +
    "%{NUMBER:rails.request.duration.total:float}ms %{RAILS3PROFILE}%{GREEDYDATA}",
  RAILS3: String.raw`%{RAILS3HEAD}(?:%{RPROCESSING})?(?P<rails___request___explain___original>(?:%{DATA}\n)*)` +
    "(?:%{RAILS3FOOT})?",
};

const BRO_ENDS = [
  "%{NUMBER:timestamp}",
  "%{NOTSPACE:zeek.session_id}",
  "%{IP:source.address}",
  "%{INT:source.port:int}",
  "%{IP:destination.address}",
  "%{INT:destination.port:int}",
];
const broData = (name: string) => orDash(`%{BRO_DATA:${name}}`);
const broBool = (name: string) => orDash(`%{BRO_BOOL:${name}}`);
const broInt = (name: string) => orDash(`%{INT:${name}:long}`);

const BRO: Readonly<Record<string, string>> = {
  BRO_BOOL: "[TF]",
  BRO_DATA: String.raw`[^\t]+`,
  BRO_HTTP: joined([
    ...BRO_ENDS,
    "%{INT:zeek.http.trans_depth:int}",
    orDash("%{WORD:http.request.method}"),
    ...["url.domain", "url.original", "http.request.referrer", "user_agent.original"].map(broData),
    ...["http.request.body.size", "http.response.body.size"].map(broInt),
    orDash("%{POSINT:http.response.status_code:int}"),
    broData("zeek.http.status_msg"),
    orDash("%{POSINT:zeek.http.info_code:int}"),
    ...["info_msg", "filename", "tags"].map((name) => broData(`zeek.http.${name}`)),
    ...["url.username", "url.password", "zeek.http.proxied", "zeek.http.orig_fuids"].map(broData),
    ...["http.request.mime_type", "zeek.http.resp_fuids", "http.response.mime_type"].map(broData),
  ], TAB),
  BRO_DNS: joined([
    ...BRO_ENDS,
    "%{WORD:network.transport}",
    orDash("%{INT:dns.id:int}"),
    broData("dns.question.name"),
    ...["zeek.dns.qclass", "zeek.dns.qclass_name", "zeek.dns.qtype", "dns.question.type"].map(broData),
    ...["zeek.dns.rcode", "dns.response_code"].map(broData),
    ...["AA", "TC", "RD", "RA"].map((name) => broBool(`zeek.dns.${name}`)),
    ...["Z", "answers", "TTLs"].map((name) => broData(`zeek.dns.${name}`)),
    broBool("zeek.dns.rejected"),
  ], TAB),
  BRO_CONN: joined([
    ...BRO_ENDS,
    "%{WORD:network.transport}",
    broData("network.protocol.name"),
    orDash("%{NUMBER:zeek.connection.duration:float}"),
    ...["zeek.connection.orig_bytes", "zeek.connection.resp_bytes"].map(broInt),
    broData("zeek.connection.state"),
    ...["zeek.connection.local_orig", "zeek.connection.local_resp"].map(broBool),
    broInt("zeek.connection.missed_bytes"),
    broData("zeek.connection.history"),
    ...["source.packets", "source.bytes", "destination.packets", "destination.bytes"].map(broInt),
    broData("zeek.connection.tunnel_parents"),
  ], TAB),
  BRO_FILES: joined([
    "%{NUMBER:timestamp}",
    "%{NOTSPACE:zeek.files.fuid}",
    ...["server.address", "client.address"].map((name) => orDash(`%{IP:${name}}`)),
    ...["zeek.files.session_ids", "zeek.files.source"].map(broData),
    broInt("zeek.files.depth"),
    ...["zeek.files.analyzers", "file.mime_type", "file.name"].map(broData),
    orDash("%{NUMBER:zeek.files.duration:float}"),
    broData("zeek.files.local_orig"),
    broBool("zeek.files.is_orig"),
    ...["zeek.files.seen_bytes", "file.size", "zeek.files.missing_bytes", "zeek.files.overflow_bytes"].map(broInt),
    broBool("zeek.files.timedout"),
    ...["zeek.files.parent_fuid", "file.hash.md5", "file.hash.sha1", "file.hash.sha256"].map(broData),
    broData("zeek.files.extracted"),
  ], TAB),
};

const HOST = "%{DATA:host.hostname}";
const SERVICE = "%{DATA:service.name}";
const STATE = "%{DATA:service.state}";
const STATE_TYPE = "%{DATA:nagios.log.state_type}";
const ATTEMPT = "%{INT:nagios.log.attempt:int}";
const MESSAGE = "%{GREEDYDATA:message}";
const COMMENT = "%{GREEDYDATA:nagios.log.comment}";
const HANDLER = "%{DATA:nagios.log.event_handler_name}";
const NOTIFIED = "%{DATA:nagios.log.notification_command}";
const CHECKED = "%{GREEDYDATA:nagios.log.check_result}";

/** Fields behind each type of line. */
const NAGIOS_LINES: Readonly<Record<string, readonly string[]>> = {
  CURRENT_SERVICE_STATE: [HOST, SERVICE, STATE, STATE_TYPE, ATTEMPT, MESSAGE],
  CURRENT_HOST_STATE: [HOST, STATE, STATE_TYPE, ATTEMPT, MESSAGE],
  SERVICE_NOTIFICATION: ["%{DATA:user.name}", HOST, SERVICE, STATE, NOTIFIED, MESSAGE],
  HOST_NOTIFICATION: ["%{DATA:user.name}", HOST, STATE, NOTIFIED, MESSAGE],
  SERVICE_ALERT: [HOST, SERVICE, STATE, STATE_TYPE, ATTEMPT, MESSAGE],
  HOST_ALERT: [HOST, STATE, STATE_TYPE, ATTEMPT, MESSAGE],
  SERVICE_FLAPPING_ALERT: [HOST, SERVICE, STATE, MESSAGE],
  HOST_FLAPPING_ALERT: [HOST, STATE, MESSAGE],
  SERVICE_DOWNTIME_ALERT: [HOST, SERVICE, STATE, COMMENT],
  HOST_DOWNTIME_ALERT: [HOST, STATE, COMMENT],
  PASSIVE_SERVICE_CHECK: [HOST, SERVICE, STATE, COMMENT],
  PASSIVE_HOST_CHECK: [HOST, STATE, COMMENT],
  SERVICE_EVENT_HANDLER: [HOST, SERVICE, STATE, STATE_TYPE, HANDLER],
  HOST_EVENT_HANDLER: [HOST, STATE, STATE_TYPE, HANDLER],
  TIMEPERIOD_TRANSITION: [SERVICE, "%{NUMBER:nagios.log.period_from:int}", "%{NUMBER:nagios.log.period_to:int}"],
};

/** Fields behind each external command. */
const NAGIOS_COMMANDS: Readonly<Record<string, readonly string[]>> = {
  DISABLE_SVC_CHECK: [HOST, SERVICE],
  ENABLE_SVC_CHECK: [HOST, SERVICE],
  DISABLE_HOST_CHECK: [HOST],
  ENABLE_HOST_CHECK: [HOST],
  PROCESS_SERVICE_CHECK_RESULT: [HOST, SERVICE, STATE, CHECKED],
  PROCESS_HOST_CHECK_RESULT: [HOST, STATE, CHECKED],
  DISABLE_HOST_SVC_NOTIFICATIONS: [HOST],
  ENABLE_HOST_SVC_NOTIFICATIONS: [HOST],
  DISABLE_HOST_NOTIFICATIONS: [HOST],
  ENABLE_HOST_NOTIFICATIONS: [HOST],
  DISABLE_SVC_NOTIFICATIONS: [HOST, SERVICE],
  ENABLE_SVC_NOTIFICATIONS: [HOST, SERVICE],
};

function nagios(): Record<string, string> {
  const patterns: Record<string, string> = {
    NAGIOSTIME: String.raw`\[%{NUMBER:timestamp}\]`,
    NAGIOS_TYPE_EXTERNAL_COMMAND: "EXTERNAL COMMAND",
    NAGIOS_WARNING: "Warning:%{SPACE}%{GREEDYDATA:message}",
  };
  for (const [name, fields] of Object.entries(NAGIOS_LINES)) {
    patterns[`NAGIOS_TYPE_${name}`] = name.replaceAll("_", " ");
    patterns[`NAGIOS_${name}`] = `%{NAGIOS_TYPE_${name}:nagios.log.type}: ${joined(fields, ";")}`;
  }
  for (const [name, fields] of Object.entries(NAGIOS_COMMANDS)) {
    patterns[`NAGIOS_EC_${name}`] = name;
    patterns[`NAGIOS_EC_LINE_${name}`] = "%{NAGIOS_TYPE_EXTERNAL_COMMAND:nagios.log.type}: " +
      joined([`%{NAGIOS_EC_${name}:nagios.log.command}`, ...fields], ";");
  }
  const lines = [
    "NAGIOS_WARNING",
    ...Object.keys(NAGIOS_LINES).map((name) => `NAGIOS_${name}`),
    ...Object.keys(NAGIOS_COMMANDS).map((name) => `NAGIOS_EC_LINE_${name}`),
  ];
  patterns.NAGIOSLOGLINE = `%{NAGIOSTIME} (?:${lines.map((name) => `%{${name}}`).join("|")})`;
  return patterns;
}

export const LOG_FORMATS: readonly Readonly<Record<string, string>>[] = [
  AWS,
  BIND9,
  BRO,
  EXIM,
  JUNOS,
  nagios(),
  RAILS,
];
