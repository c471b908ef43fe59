/**
 * The definitions that grok patterns are made of, by their public names, in the syntax of RE2.
 *
 * They are written after the public grok definitions (logstash-patterns-core, ECS field names; Apache-2.0), which use
 * look-around and atomic groups that RE2 has not; where go-grok differs in what a definition is made of, and so in what
 * it captures, they follow go-grok. grok_log_formats.ts has more log lines.
 *
 * @module
 */

import { LOG_FORMATS } from "./grok_log_formats.ts";

const OCTET = "(?:25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?)";
const DOTTED = `(?:${OCTET}\\.){3}${OCTET}`;
const HEX4 = "[0-9A-Fa-f]{1,4}";

/**
 * What may follow `read` groups of an IPv6 address, each with its colon. Alternatives share what they begin with, so that a
 * search has few of them under way at once: a line of a web server takes a quarter of the time of a list of all forms.
 */
function ipv6After(read: number): string {
  const gap = `:(?:${ipv6Tail(7 - read)})?`;
  if (read === 7) return `(?:${HEX4}|${gap})`;
  const dotted = read === 6 ? `${DOTTED}|` : "";
  return `(?:${dotted}${HEX4}:${ipv6After(read + 1)}|${read === 0 ? `:${gap}` : gap})`;
}

/** One to `most` groups behind the gap; a dotted address takes the room of two. */
function ipv6Tail(most: number): string {
  if (most <= 1) return most === 1 ? HEX4 : "";
  return `${DOTTED}|${HEX4}(?::(?:${ipv6Tail(most - 1)}))?`;
}

const BASE: Readonly<Record<string, string>> = {
  WORD: String.raw`\b\w+\b`,
  NOTSPACE: String.raw`\S+`,
  SPACE: String.raw`\s*`,
  DATA: ".*?",
  GREEDYDATA: ".*",
  INT: "(?:[+-]?[0-9]+)",
  NUMBER: "(?:%{BASE10NUM})",
  BOOL: "true|false",
  BASE10NUM: String.raw`(?:[+-]?[0-9]+(?:\.[0-9]+)?|\.[0-9]+)`,
  BASE16NUM: "[+-]?(?:0x)?[0-9A-Fa-f]+",
  BASE16FLOAT: String.raw`[+-]?(?:0x)?[0-9A-Fa-f]+(?:\.[0-9A-Fa-f]*)?`,
  POSINT: String.raw`\b[1-9][0-9]*\b`,
  NONNEGINT: String.raw`\b[0-9]+\b`,
  QUOTEDSTRING: String.raw`"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'`,
  QS: "%{QUOTEDSTRING}",
  UUID: "[A-Fa-f0-9]{8}-(?:[A-Fa-f0-9]{4}-){3}[A-Fa-f0-9]{12}",
  URN: "urn:[0-9A-Za-z][0-9A-Za-z-]{0,31}:[0-9A-Za-z()+,.:=@;$_!*'/?#-]+",

  IP: "(?:%{IPV6}|%{IPV4})",
  IPV4: DOTTED,
  IPV6: `${ipv6After(0)}(?:%.+)?`,
  IPORHOST: "(?:%{IP}|%{HOSTNAME})",
  // A label has at most 63 characters; to count them costs more than all the rest of most patterns.
  HOSTNAME: String.raw`\b[0-9A-Za-z][0-9A-Za-z-]*(?:\.[0-9A-Za-z][0-9A-Za-z-]*)*(?:\.?|\b)`,
  HOSTPORT: "%{IPORHOST}:%{POSINT}",
  EMAILLOCALPART: "[a-zA-Z][a-zA-Z0-9_.+-=:]+",
  EMAILADDRESS: "%{EMAILLOCALPART}@%{HOSTNAME}",
  USERNAME: "[a-zA-Z0-9._-]+",
  USER: "%{USERNAME}",
  MAC: "(?:%{CISCOMAC}|%{WINDOWSMAC}|%{COMMONMAC})",
  CISCOMAC: String.raw`(?:[A-Fa-f0-9]{4}\.){2}[A-Fa-f0-9]{4}`,
  WINDOWSMAC: "(?:[A-Fa-f0-9]{2}-){5}[A-Fa-f0-9]{2}",
  COMMONMAC: "(?:[A-Fa-f0-9]{2}:){5}[A-Fa-f0-9]{2}",

  PATH: "(?:%{UNIXPATH}|%{WINPATH})",
  UNIXPATH: String.raw`(?:/[\w%!$@:.,+~-]+)+`,
  WINPATH: String.raw`[A-Za-z]+:(?:\\[^\\?*]+)+`,
  TTY: String.raw`/dev/(?:pts|tty[pq]?)(?:\w+)?/?[0-9]+`,
  URI: String.raw`%{URIPROTO}://(?:%{USER}(?::[^@]*)?@)?%{URIHOST}(?:%{URIPATH}(?:\?%{URIQUERY})?)?`,
  URIPROTO: String.raw`[A-Za-z][A-Za-z0-9+\-.]+`,
  URIHOST: "%{IPORHOST}(?::%{POSINT})?",
  URIPATH: String.raw`(?:/[A-Za-z0-9$.+!*'(){},~:;=@#%&_\-]+)+`,
  URIQUERY: String.raw`[A-Za-z0-9$.+!*'|(){},~@#%&/=:;_?\-\[\]<>]*`,
  URIPARAM: String.raw`\?%{URIQUERY}`,
  URIPATHPARAM: String.raw`%{URIPATH}(?:\?%{URIQUERY})?`,

  MONTH: String.raw`\b(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sep(?:tember)?|` +
    String.raw`Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\b`,
  MONTHNUM: "(?:0[1-9]|1[0-2])",
  MONTHDAY: "(?:0[1-9]|[12][0-9]|3[01]|[1-9])",
  DAY: String.raw`\b(?:Mon(?:day)?|Tue(?:sday)?|Wed(?:nesday)?|Thu(?:rsday)?|Fri(?:day)?|Sat(?:urday)?|Sun(?:day)?)\b`,
  YEAR: String.raw`(?:\d\d){1,2}`,
  HOUR: "(?:2[0-3]|[01]?[0-9])",
  MINUTE: "(?:[0-5][0-9])",
  SECOND: "(?:(?:[0-5][0-9]|60)(?:[:.,][0-9]+)?)",
  TIME: "%{HOUR}:%{MINUTE}(?::%{SECOND})?",
  DATE: "%{DATE_US}|%{DATE_EU}",
  DATE_US: "%{MONTHNUM}[/-]%{MONTHDAY}[/-]%{YEAR}",
  DATE_EU: "%{MONTHDAY}[./-]%{MONTHNUM}[./-]%{YEAR}",
  ISO8601_TIMEZONE: "(?:Z|[+-]%{HOUR}(?::?%{MINUTE}))",
  ISO8601_SECOND: "%{SECOND}",
  TIMESTAMP_ISO8601: "%{YEAR}-%{MONTHNUM}-%{MONTHDAY}[T ]%{HOUR}:?%{MINUTE}(?::?%{SECOND})?%{ISO8601_TIMEZONE}?",
  DATESTAMP: "%{DATE}[- ]%{TIME}",
  TZ: "(?:[PMACE][SED]T|UTC)",
  DATESTAMP_RFC822: "%{DAY} %{MONTH} %{MONTHDAY} %{YEAR} %{TIME} %{TZ}",
  DATESTAMP_RFC2822: "%{DAY}, %{MONTHDAY} %{MONTH} %{YEAR} %{TIME} %{ISO8601_TIMEZONE}",
  DATESTAMP_OTHER: "%{DAY} %{MONTH} %{MONTHDAY} %{TIME} %{TZ} %{YEAR}",
  DATESTAMP_EVENTLOG: "%{YEAR}%{MONTHNUM}%{MONTHDAY}%{HOUR}%{MINUTE}%{SECOND}",

  SYSLOGTIMESTAMP: "%{MONTH} +%{MONTHDAY} %{TIME}",
  PROG: String.raw`[!-Z\\^-~]+`,
  SYSLOGPROG: String.raw`%{PROG}(?:\[\d+\])?`,
  SYSLOGHOST: "%{IPORHOST}",
  SYSLOGFACILITY: "<%{NONNEGINT}.%{NONNEGINT}>",
  SYSLOGBASE: "%{SYSLOGTIMESTAMP:timestamp} (?:%{SYSLOGFACILITY} )?%{SYSLOGHOST:host.name} %{SYSLOGPROG}:",
  HTTPDATE: "%{MONTHDAY}/%{MONTH}/%{YEAR}:%{TIME} %{INT}",
  LOGLEVEL: "(?i)(?:alert|trace|debug|notice|info(?:rmation)?|warn(?:ing)?|err(?:or)?|crit(?:ical)?|fatal|severe|" +
    "emerg(?:ency)?)",
};

const HTTPD: Readonly<Record<string, string>> = {
  HTTPDUSER: "%{EMAILADDRESS}|%{USER}",
  HTTPDERROR_DATE: "%{DAY} %{MONTH} %{MONTHDAY} %{TIME} %{YEAR}",
  HTTPD_COMMONLOG: "%{IPORHOST:source.address} (?:-|%{HTTPDUSER:apache.access.user.identity}) " +
    String.raw`(?:-|%{HTTPDUSER:user.name}) \[%{HTTPDATE:timestamp}\] ` +
    '"(?:%{WORD:http.request.method} %{NOTSPACE:url.original}(?: HTTP/%{NUMBER:http.version})?|%{DATA})" ' +
    "(?:-|%{INT:http.response.status_code:int}) (?:-|%{INT:http.response.body.bytes:long})",
  HTTPD_COMBINEDLOG: '%{HTTPD_COMMONLOG} "(?:-|%{DATA:http.request.referrer})" "(?:-|%{DATA:user_agent.original})"',
  HTTPD20_ERRORLOG: String.raw`\[%{HTTPDERROR_DATE:timestamp}\] \[%{LOGLEVEL:log.level}\] ` +
    String.raw`(?:\[client %{IPORHOST:source.address}\] )?%{GREEDYDATA:message}`,
  HTTPD24_ERRORLOG:
    String.raw`\[%{HTTPDERROR_DATE:timestamp}\] \[(?:%{WORD:apache.error.module})?:%{LOGLEVEL:log.level}\] ` +
    String.raw`\[pid %{POSINT:process.pid:long}(?::tid %{INT:process.thread.id:int})?\]` +
    String.raw`(?: \(%{POSINT:apache.error.proxy.error.code}\)?%{DATA:apache.error.proxy.error.message}:)?` +
    String.raw`(?: \[client %{IPORHOST:source.address}(?::%{POSINT:source.port:int})?\])?` +
    "(?: %{DATA:error.code}:)? %{GREEDYDATA:message}",
  HTTPD_ERRORLOG: "%{HTTPD20_ERRORLOG}|%{HTTPD24_ERRORLOG}",
  COMMONAPACHELOG: "%{HTTPD_COMMONLOG}",
  COMBINEDAPACHELOG: "%{HTTPD_COMBINEDLOG}",
};

const SYSLOG: Readonly<Record<string, string>> = {
  SYSLOG5424PRINTASCII: "[!-~]+",
  SYSLOGBASE2: "(?:%{SYSLOGTIMESTAMP:timestamp}|%{TIMESTAMP_ISO8601:timestamp})(?: %{SYSLOGFACILITY})?" +
    "(?: %{SYSLOGHOST:host.name})?(?: %{SYSLOGPROG}:)?",
  SYSLOGLINE: "%{SYSLOGBASE2} %{GREEDYDATA:message}",
  SYSLOGPAMSESSION: String.raw`%{SYSLOGBASE} (?:%{GREEDYDATA:message})%{WORD:system.auth.pam.module}` +
    String.raw`\(%{DATA:system.auth.pam.origin}\): session %{WORD:system.auth.pam.session_state} ` +
    "for user %{USERNAME:user.name}(?: by %{GREEDYDATA})?",
  CRON_ACTION: "[A-Z ]+",
  CRONLOG: String.raw`%{SYSLOGBASE} \(%{USER:user.name}\) %{CRON_ACTION:system.cron.action} \(%{DATA:message}\)`,
  SYSLOG5424PRI: "<%{NONNEGINT:log.syslog.priority:int}>",
  SYSLOG5424SD: String.raw`\[%{DATA}\]+`,
  SYSLOG5424BASE: "%{SYSLOG5424PRI}%{NONNEGINT:system.syslog.version} +(?:-|%{TIMESTAMP_ISO8601:timestamp}) +" +
    "(?:-|%{IPORHOST:host.hostname}) +(?:-|%{SYSLOG5424PRINTASCII:process.name}) +(?:-|%{POSINT:process.pid:int}) +" +
    "(?:-|%{SYSLOG5424PRINTASCII:event.code}) +(?:-|%{SYSLOG5424SD:system.syslog.structured_data})?",
  SYSLOG5424LINE: "%{SYSLOG5424BASE} +%{GREEDYDATA:message}",
};

const HAPROXY_CONNECTIONS = ["active", "frontend", "backend", "server", "retries"]
  .map((name) => `%{INT:haproxy.connections.${name}:int}`).join("/");
const HAPROXY_QUEUES = "%{INT:haproxy.server_queue:int}/%{INT:haproxy.backend_queue:int}";
const HAPROXY_BEGIN = String.raw`%{IP:source.address}:%{INT:source.port:int} \[%{HAPROXYDATE:haproxy.request_date}\] ` +
  "%{NOTSPACE:haproxy.frontend_name} %{NOTSPACE:haproxy.backend_name}/(?:<NOSRV>|%{NOTSPACE:haproxy.server_name}) ";
const HAPROXY_SYSLOG = "(?:%{SYSLOGTIMESTAMP:timestamp}|%{TIMESTAMP_ISO8601:timestamp}) %{IPORHOST:host.hostname} " +
  "%{SYSLOGPROG}: ";
const haproxyTime = (name: string) => `(?:-1|%{INT:haproxy.${name}:int})`;

const HAPROXY: Readonly<Record<string, string>> = {
  HAPROXYTIME: String.raw`\b%{HOUR}:%{MINUTE}(?::%{SECOND})?\b`,
  HAPROXYDATE: "%{MONTHDAY}/%{MONTH}/%{YEAR}:%{HAPROXYTIME}.%{INT}",
  HAPROXYCAPTUREDREQUESTHEADERS: "(?:-|%{DATA:haproxy.http.request.captured_headers})",
  HAPROXYCAPTUREDRESPONSEHEADERS: "(?:-|%{DATA:haproxy.http.response.captured_headers})",
  HAPROXYURI: "(?:%{URIPROTO:url.scheme}://)?(?:%{USER:url.username}(?::[^@]*)?@)?" +
    String
      .raw`(?:%{IPORHOST:url.domain}(?::%{POSINT:url.port:int})?)?(?:%{URIPATH:url.path}(?:\?%{URIQUERY:url.query})?)?`,
  HAPROXYHTTPREQUESTLINE:
    "(?:<BADREQ>|(?:%{WORD:http.request.method} %{HAPROXYURI:url.original}(?: HTTP/%{NUMBER:http.version})?))",
  HAPROXYHTTPBASE:
    `${HAPROXY_BEGIN}${haproxyTime("http.request.time_wait_ms")}/${haproxyTime("total_waiting_time_ms")}/` +
    `${haproxyTime("connection_wait_time_ms")}/${haproxyTime("http.request.time_wait_without_data_ms")}/` +
    "%{NOTSPACE:haproxy.total_time_ms} %{INT:http.response.status_code:int} %{INT:source.bytes:long} " +
    "(?:-|%{DATA:haproxy.http.request.captured_cookie}) (?:-|%{DATA:haproxy.http.response.captured_cookie}) " +
    `%{NOTSPACE:haproxy.termination_state} ${HAPROXY_CONNECTIONS} ${HAPROXY_QUEUES}` +
    String.raw`(?: \{%{HAPROXYCAPTUREDREQUESTHEADERS}\}(?: \{%{HAPROXYCAPTUREDRESPONSEHEADERS}\})?)?` +
    '(?: "%{HAPROXYHTTPREQUESTLINE}"?)?',
  HAPROXYHTTP: `${HAPROXY_SYSLOG}%{HAPROXYHTTPBASE}`,
  HAPROXYTCP: `${HAPROXY_SYSLOG}${HAPROXY_BEGIN}${haproxyTime("total_waiting_time_ms")}/` +
    `${haproxyTime("connection_wait_time_ms")}/%{NOTSPACE:haproxy.total_time_ms} %{INT:source.bytes:long} ` +
    `%{NOTSPACE:haproxy.termination_state} ${HAPROXY_CONNECTIONS} ${HAPROXY_QUEUES}`,
};

const JAVA: Readonly<Record<string, string>> = {
  JAVACLASS: String.raw`(?:[a-zA-Z$_][a-zA-Z$_0-9]*\.)*[a-zA-Z$_][a-zA-Z$_0-9]*`,
  JAVAFILE: "(?:[a-zA-Z$_0-9. -]+)",
  JAVAMETHOD: "(?:<(?:cl)?init>|[a-zA-Z$_][a-zA-Z$_0-9]*)",
  JAVASTACKTRACEPART:
    String.raw`%{SPACE}at %{JAVACLASS:java.log.origin.class.name}\.%{JAVAMETHOD:log.origin.function}` +
    String.raw`\(%{JAVAFILE:log.origin.file.name}(?::%{INT:log.origin.file.line:int})?\)`,
  JAVATHREAD: "(?:[A-Z]{2}-Processor[0-9]+)",
  JAVALOGMESSAGE: "(?:.*)",
  CATALINA7_DATESTAMP: "%{MONTH} %{MONTHDAY}, %{YEAR} %{HOUR}:%{MINUTE}:%{SECOND} (?:AM|PM)",
  CATALINA7_LOG: "%{CATALINA7_DATESTAMP:timestamp} %{JAVACLASS:java.log.origin.class.name}" +
    String.raw`(?: %{JAVAMETHOD:log.origin.function})?\s*(?:%{LOGLEVEL:log.level}:)? %{JAVALOGMESSAGE:message}`,
  CATALINA8_DATESTAMP: "%{MONTHDAY}-%{MONTH}-%{YEAR} %{HOUR}:%{MINUTE}:%{SECOND}",
  CATALINA8_LOG:
    String.raw`%{CATALINA8_DATESTAMP:timestamp} %{LOGLEVEL:log.level} \[%{DATA:java.log.origin.thread.name}\] ` +
    String
      .raw`%{JAVACLASS:java.log.origin.class.name}\.(?:%{JAVAMETHOD:log.origin.function})? %{JAVALOGMESSAGE:message}`,
  CATALINA_DATESTAMP: "(?:%{CATALINA8_DATESTAMP})|(?:%{CATALINA7_DATESTAMP})",
  CATALINALOG: "(?:%{CATALINA8_LOG})|(?:%{CATALINA7_LOG})",
  TOMCAT7_LOG: "%{CATALINA7_LOG}",
  TOMCAT8_LOG: "%{CATALINA8_LOG}",
  TOMCATLEGACY_DATESTAMP: "%{YEAR}-%{MONTHNUM}-%{MONTHDAY} %{HOUR}:%{MINUTE}:%{SECOND}(?: %{ISO8601_TIMEZONE})?",
  TOMCATLEGACY_LOG: String.raw`%{TOMCATLEGACY_DATESTAMP:timestamp} \| %{LOGLEVEL:log.level} \| ` +
    "%{JAVACLASS:java.log.origin.class.name} - %{JAVALOGMESSAGE:message}",
  TOMCAT_DATESTAMP: "(?:%{CATALINA8_DATESTAMP})|(?:%{CATALINA7_DATESTAMP})|(?:%{TOMCATLEGACY_DATESTAMP})",
  TOMCATLOG: "(?:%{TOMCAT8_LOG})|(?:%{TOMCAT7_LOG})|(?:%{TOMCATLEGACY_LOG})",
  MAVEN_VERSION: String.raw`(?:\d+\.)?(?:\d+\.)?(?:\*|\d+)(?:[.-](?:RELEASE|SNAPSHOT))?`,
};

const STORES: Readonly<Record<string, string>> = {
  REDISTIMESTAMP: "%{MONTHDAY} %{MONTH} %{TIME}",
  REDISLOG: String.raw`\[%{POSINT:process.pid:int}\] %{REDISTIMESTAMP:timestamp} \*`,
  REDISMONLOG:
    String.raw`%{NUMBER:timestamp} \[%{INT:redis.database.id} %{IP:client.address}:%{POSINT:client.port:int}\] ` +
    String.raw`"%{WORD:redis.command.name}"\s?%{GREEDYDATA:redis.command.args}`,
  MONGO_WORDDASH: String.raw`\b[\w-]+\b`,
  MONGO_LOG: String.raw`%{SYSLOGTIMESTAMP:timestamp} \[%{WORD:db.mongodb.component}\] %{GREEDYDATA:message}`,
  // The inner group has the name too: what comes later is what is told.
  MONGO_QUERY: String.raw`\{ (?P<MONGO_QUERY>.*) \} ntoreturn:`,
  MONGO_SLOWQUERY: String.raw`%{WORD:db.mongodb.profile.op} %{MONGO_WORDDASH:db.mongodb.database}\.` +
    String.raw`%{MONGO_WORDDASH:db.mongodb.collection} %{WORD}: \{ (?P<db___mongodb___query___original>.*) \} ` +
    ["ntoreturn", "ntoskip", "nscanned", "nreturned"]
      .map((name) => `${name}:%{NONNEGINT:db.mongodb.profile.${name}:int}`).join(".*? ") +
    ".*? %{INT:db.mongodb.profile.duration:int}ms",
  MONGO3_SEVERITY: String.raw`\w`,
  MONGO3_COMPONENT: "%{WORD}",
  MONGO3_LOG:
    "%{TIMESTAMP_ISO8601:timestamp} %{MONGO3_SEVERITY:log.level} (?:-|%{MONGO3_COMPONENT:db.mongodb.component})" +
    String.raw`%{SPACE}(?:\[%{DATA:db.mongodb.context}\])? %{GREEDYDATA:message}`,
  POSTGRESQL: "%{DATESTAMP:timestamp} %{TZ:event.timezone} %{DATA:user.name} " +
    "%{GREEDYDATA:postgresql.log.connection_id} %{POSINT:process.pid:int}",
};

const OTHERS: Readonly<Record<string, string>> = {
  RUBY_LOGLEVEL: "(?:DEBUG|FATAL|ERROR|WARN|INFO)",
  RUBY_LOGGER: String.raw`[DFEWI], \[%{TIMESTAMP_ISO8601:timestamp} #%{POSINT:process.pid:int}\] *` +
    "%{RUBY_LOGLEVEL:log.level} -- +%{DATA:process.command}: %{GREEDYDATA:message}",
  MCOLLECTIVE: String
    .raw`., \[%{TIMESTAMP_ISO8601:timestamp} #%{POSINT:process.pid:int}\]%{SPACE}%{LOGLEVEL:log.level}`,
  MCOLLECTIVEAUDIT: "%{TIMESTAMP_ISO8601:timestamp}:",
  SQUID3_STATUS: "(?:%{POSINT:http.response.status_code:int}|0|000)",
  SQUID3: String
    .raw`%{NUMBER:timestamp}\s+%{NUMBER:squid.request.duration:int}\s%{IP:source.address}\s%{WORD:event.action}/` +
    String
      .raw`%{SQUID3_STATUS}\s%{INT:http.response.bytes:long}\s%{WORD:http.request.method}\s%{NOTSPACE:url.original}\s` +
    String.raw`(?:-|%{NOTSPACE:user.name})\s%{WORD:squid.hierarchy_code}/(?:-|%{IPORHOST:destination.address})\s` +
    "(?:-|%{NOTSPACE:http.response.mime_type})",
};

/** All of them, by name. */
export const GROK_PATTERNS: ReadonlyMap<string, string> = new Map(
  [BASE, HTTPD, SYSLOG, HAPROXY, JAVA, STORES, OTHERS, ...LOG_FORMATS].flatMap((set) => Object.entries(set)),
);
