/**
 * Grok definitions of whole log lines: cloud services, name servers, mail, firewalls, web frameworks.
 *
 * Written after the public grok definitions (logstash-patterns-core, ECS field names; Apache-2.0) in the syntax of RE2.
 * Missing: Bro, Cisco and other firewalls but Junos, Nagios.
 *
 * @module
 */

/** A field that may be `-`. */
const orDash = (pattern: string) => `(?:-|${pattern})`;

/** Fields by their separator. */
const joined = (fields: readonly string[], separator = " ") => fields.join(separator);

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
    "%{INT:http.request.body.size:long}",
    "%{INT:http.response.body.size:long}",
    '"%{ELB_REQUEST_LINE}"',
  ]) + `(?: "${orDash("%{DATA:user_agent.original}")}" ${orDash("%{NOTSPACE:tls.cipher}")} ` +
    `${orDash("%{NOTSPACE:aws.elb.ssl_protocol}")})?`,
  ELB_ACCESS_LOG: "%{ELB_V1_HTTP_LOG}",
  CLOUDFRONT_DATESTAMP: String.raw`%{YEAR}-%{MONTHNUM}-%{MONTHDAY}\t%{TIME}`,
  CLOUDFRONT_ACCESS_LOG: joined([
    "%{CLOUDFRONT_DATESTAMP:timestamp}",
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
  ], String.raw`\t`),
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
  BIND9_QUERYLOG: "%{BIND9_TIMESTAMP:timestamp} %{BIND9_CATEGORY:bind.log.category}: %{LOGLEVEL:log.level}: " +
    "%{BIND9_QUERYLOGBASE}",
  BIND9: "%{BIND9_QUERYLOG}",
};

const EXIM: Readonly<Record<string, string>> = {
  EXIM_MSGID: "[0-9A-Za-z]{6}-[0-9A-Za-z]{6}-[0-9A-Za-z]{2}",
  EXIM_FLAGS: String.raw`(?:<=|[-=>*]>|[*]{2}|==|<>|>>)`,
  EXIM_DATE: "(?:%{YEAR}-%{MONTHNUM}-%{MONTHDAY} %{TIME})",
  EXIM_PID: String.raw`\[%{POSINT:process.pid:int}\]`,
  EXIM_QT: String.raw`(?:\d+y)?(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?`,
  EXIM_REMOTE_HOST: String.raw`H=(?:%{NOTSPACE:source.address} )?(?:\(%{NOTSPACE:exim.log.remote_address}\) )?` +
    String.raw`\[%{IP:source.ip}\](?::%{POSINT:source.port:int})?`,
  EXIM_INTERFACE: String.raw`I=\[%{IP:destination.ip}\](?::%{NUMBER:destination.port:int})`,
  EXIM_PROTOCOL: "P=%{NOTSPACE:network.protocol}",
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
  RAILS_TIMESTAMP: "%{YEAR}-%{MONTHNUM}-%{MONTHDAY} %{HOUR}:%{MINUTE}:%{SECOND} %{ISO8601_TIMEZONE}",
  RAILS3HEAD:
    '(?m)Started %{WORD:http.request.method} "%{URIPATHPARAM:url.original}" for %{IPORHOST:source.address} at ' +
    "%{RAILS_TIMESTAMP:timestamp}",
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

export const LOG_FORMATS: readonly Readonly<Record<string, string>>[] = [AWS, BIND9, EXIM, JUNOS, RAILS];
