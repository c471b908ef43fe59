/**
 * Grok patterns.
 *
 * @module
 */

import { deepStrictEqual, ok, strictEqual, throws } from "node:assert";
import { isIPv6 } from "node:net";
import fc from "fast-check";
import { compileGrok, type GrokOptions } from "../../../../ottl/data/log_formats/grok.ts";
import { GROK_PATTERNS } from "../../../../ottl/data/log_formats/grok_patterns.ts";
import { DEFAULT_OTTL_LIMITS } from "../../../../ottl/limits.ts";
import { OttlError } from "../../../../ottl/values/errors.ts";
import type { Value } from "../../../../ottl/values/value.ts";

const ALL: GrokOptions = { namedCapturesOnly: false, definitions: [] };
const NAMED: GrokOptions = { namedCapturesOnly: true, definitions: [] };

const run = (pattern: string, text: string, options = NAMED): Record<string, Value> =>
  Object.fromEntries(compileGrok(pattern, options, DEFAULT_OTTL_LIMITS)(text).entries());
const isOf = (category: string) => (error: unknown) => error instanceof OttlError && error.category === category;

Deno.test("compileGrok()", async (t) => {
  const cases: { name: string; pattern: string; text: string; want: Record<string, Value>; options?: GrokOptions }[] = [
    {
      name: "types",
      pattern: "%{INT:i:int} %{NUMBER:f:float} %{BOOL:b:bool} %{WORD:s:string}",
      text: "-7 2.5 true x",
      want: { i: -7n, f: 2.5, b: true, s: "x" },
    },
    {
      name: "other words for types",
      pattern: "%{INT:i:long} %{NUMBER:f:double} %{BOOL:b:boolean}",
      text: "1 1 false",
      want: { i: 1n, f: 1, b: false },
    },
    { name: "dots in names", pattern: "%{WORD:a.b.c}", text: "x", want: { "a.b.c": "x" } },
    { name: "groups of one's own", pattern: "(?P<z>z+)(?<a___b>y)", text: "zzy", want: { z: "zz", "a.b": "y" } },
    { name: "empty captures go", pattern: "%{DATA:a}%{WORD:b}", text: "x", want: { b: "x" } },
    { name: "the last of a name that took part", pattern: "%{WORD:x}(?: %{WORD:x})?", text: "a b", want: { x: "b" } },
    { name: "one of a name that took no part", pattern: "%{WORD:x}(?: %{WORD:x})?", text: "a", want: { x: "a" } },
    { name: "no match", pattern: "%{INT:x}", text: "a", want: {} },
    {
      name: "unnamed ones too",
      options: ALL,
      pattern: "%{HOSTPORT:hp}",
      text: "host.example.com:80",
      want: { hp: "host.example.com:80", IPORHOST: "host.example.com", HOSTNAME: "host.example.com", POSINT: "80" },
    },
    { name: "nested ones have no name", pattern: "%{HOSTPORT:hp}", text: "h:80", want: { hp: "h:80" } },
    {
      name: "definitions",
      options: { namedCapturesOnly: true, definitions: ["ID=x-%{N:n:int}", "N=[0-9]+"] },
      pattern: "%{ID:id}",
      text: "x-7",
      want: { id: "x-7", n: 7n },
    },
    {
      name: "definitions in place of the built-in",
      options: { namedCapturesOnly: true, definitions: ["INT=[a-z]+=?"] },
      pattern: "%{INT:x}",
      text: "1a=",
      want: { x: "a=" },
    },
    {
      name: "a timestamp",
      options: ALL,
      pattern: "%{TIMESTAMP_ISO8601:ts} %{LOGLEVEL:lvl} %{GREEDYDATA:m}",
      text: "2024-01-02T03:04:05Z info msg",
      want: {
        ts: "2024-01-02T03:04:05Z",
        YEAR: "2024",
        MONTHNUM: "01",
        MONTHDAY: "02",
        HOUR: "03",
        MINUTE: "04",
        SECOND: "05",
        ISO8601_TIMEZONE: "Z",
        lvl: "info",
        m: "msg",
      },
    },
  ];
  for (const { name, pattern, text, want, options } of cases) {
    await t.step(name, () => deepStrictEqual(run(pattern, text, options), want));
  }
});

Deno.test("compileGrok() refuses", async (t) => {
  const cases: { name: string; pattern: string; category: string; definitions?: string[] }[] = [
    { name: "what is not defined", pattern: "%{NOPE:x}", category: "arg_value" },
    { name: "only unnamed captures", pattern: "%{WORD}", category: "arg_value" },
    { name: "what is no regular expression", pattern: "%{WORD:x}(", category: "arg_value" },
    { name: "look-around", pattern: "(?=x)%{WORD:x}", category: "arg_value" },
    { name: "a definition without a name", pattern: "%{WORD:x}", definitions: ["x"], category: "arg_value" },
    { name: "a definition with a colon", pattern: "%{WORD:x}", definitions: ["a:b=x"], category: "arg_value" },
    { name: "a definition by itself", pattern: "%{A:x}", definitions: ["A=%{B}", "B=%{A}"], category: "arg_value" },
    {
      name: "definitions that explode",
      pattern: "%{A:x}",
      category: "limit",
      definitions: [..."ABCDEFGHIJKLMNOPQRSTUVWXY"].map((name, i, all) =>
        `${name}=${`%{${all[i + 1] ?? "Z"}}`.repeat(9)}`
      )
        .concat("Z=z"),
    },
  ];
  for (const { name, pattern, category, definitions = [] } of cases) {
    await t.step(name, () => throws(() => run(pattern, "", { namedCapturesOnly: true, definitions }), isOf(category)));
  }
  await t.step("a value that is not of its type", () => {
    throws(() => run("%{NUMBER:n:int}", "5.5"), isOf("arg_value"));
    throws(() => run("%{NUMBER:n:nope}", "5.5"), isOf("value"));
  });
});

Deno.test("every definition compiles, with all its captures", async (t) => {
  for (const name of GROK_PATTERNS.keys()) {
    await t.step(name, () => void compileGrok(`%{${name}}`, ALL, DEFAULT_OTTL_LIMITS));
  }
});

Deno.test("definitions match what they are for", async (t) => {
  const cases: { pattern: string; text: string; want: Record<string, Value> }[] = [
    { pattern: "^%{IP:x}$", text: "192.168.0.255", want: { x: "192.168.0.255" } },
    { pattern: "^%{IPV4:x}$", text: "256.1.1.1", want: {} },
    { pattern: "^%{IPV6:x}$", text: "fe80::1%eth0", want: { x: "fe80::1%eth0" } },
    { pattern: "^%{EMAILADDRESS:x}$", text: "a.b+c@example.com", want: { x: "a.b+c@example.com" } },
    {
      pattern: "^%{URI:x}$",
      text: "https://u:p@example.com:8080/a/b?c=d",
      want: { x: "https://u:p@example.com:8080/a/b?c=d" },
    },
    { pattern: "^%{PATH:x}$", text: "C:\\a\\b", want: { x: "C:\\a\\b" } },
    { pattern: "^%{MAC:x}$", text: "00:1a:2B:3c:4d:5e", want: { x: "00:1a:2B:3c:4d:5e" } },
    { pattern: "^%{QS:x}$", text: '"a \\" b"', want: { x: '"a \\" b"' } },
    {
      pattern: "^%{UUID:x}$",
      text: "123e4567-e89b-12d3-a456-426614174000",
      want: { x: "123e4567-e89b-12d3-a456-426614174000" },
    },
    {
      pattern: "^%{DATESTAMP_RFC2822:x}$",
      text: "Mon, 2 Jan 2006 15:04:05 -07:00",
      want: { x: "Mon, 2 Jan 2006 15:04:05 -07:00" },
    },
    {
      pattern: "^%{COMBINEDAPACHELOG}$",
      text:
        '203.0.113.9 - frank [10/Oct/2000:13:55:36 -0700] "GET /a.gif HTTP/1.0" 200 2326 "http://r/" "Mozilla/4.08"',
      want: {
        "source.address": "203.0.113.9",
        "user.name": "frank",
        timestamp: "10/Oct/2000:13:55:36 -0700",
        "http.request.method": "GET",
        "url.original": "/a.gif",
        "http.version": "1.0",
        "http.response.status_code": 200n,
        "http.response.body.bytes": 2326n,
        "http.request.referrer": "http://r/",
        "user_agent.original": "Mozilla/4.08",
      },
    },
    {
      pattern: "^%{HTTPD_ERRORLOG}$",
      text: "[Mon Aug 31 07:30:48 2020] [error] [client 192.0.2.7] gone",
      want: {
        timestamp: "Mon Aug 31 07:30:48 2020",
        "log.level": "error",
        "source.address": "192.0.2.7",
        message: "gone",
      },
    },
    {
      pattern: "^%{SYSLOGLINE}$",
      text: "Oct 11 22:14:15 host su[230]: failed",
      want: { timestamp: "Oct 11 22:14:15", "host.name": "host", message: "failed" },
    },
    {
      pattern: "^%{SYSLOG5424LINE}$",
      text: "<34>1 2003-10-11T22:14:15.003Z host su 230 ID47 - failed",
      want: {
        "log.syslog.priority": 34n,
        "system.syslog.version": "1",
        timestamp: "2003-10-11T22:14:15.003Z",
        "host.hostname": "host",
        "process.name": "su",
        "process.pid": 230n,
        "event.code": "ID47",
        message: "failed",
      },
    },
    {
      pattern: "^%{JAVASTACKTRACEPART}$",
      text: "    at com.example.Name.method(File.java:123)",
      want: {
        "java.log.origin.class.name": "com.example.Name",
        "log.origin.function": "method",
        "log.origin.file.name": "File.java",
        "log.origin.file.line": 123n,
      },
    },
    {
      pattern: "^%{TOMCATLOG}$",
      text: "26-Jun-2024 12:34:56 INFO [main] org.example.Name.method said",
      want: {
        timestamp: "26-Jun-2024 12:34:56",
        "log.level": "INFO",
        "java.log.origin.thread.name": "main",
        "java.log.origin.class.name": "org.example.Name",
        "log.origin.function": "method",
        message: "said",
      },
    },
    {
      pattern: "^%{REDISMONLOG}$",
      text: '1339518083.107412 [0 127.0.0.1:60866] "keys" "*"',
      want: {
        timestamp: "1339518083.107412",
        "redis.database.id": "0",
        "client.address": "127.0.0.1",
        "client.port": 60866n,
        "redis.command.name": "keys",
        "redis.command.args": '"*"',
      },
    },
    {
      pattern: "^%{SQUID3}$",
      text:
        "1525334330.556      3 120.65.1.1 TCP_REFRESH_MISS/200 2014 GET http://www.example.com/ - DIRECT/www.example.com text/html",
      want: {
        timestamp: "1525334330.556",
        "squid.request.duration": 3n,
        "source.address": "120.65.1.1",
        "event.action": "TCP_REFRESH_MISS",
        "http.response.status_code": 200n,
        "http.response.bytes": 2014n,
        "http.request.method": "GET",
        "url.original": "http://www.example.com/",
        "squid.hierarchy_code": "DIRECT",
        "destination.address": "www.example.com",
        "http.response.mime_type": "text/html",
      },
    },
    {
      pattern: "^%{HAPROXYTCP}$",
      text:
        "Sep 20 15:44:23 lb haproxy[25457]: 127.0.0.1:40962 [20/Sep/2018:15:44:23.285] main app/<NOSRV> -1/-1/0 212 SC " +
        "1/1/0/0/0 0/0",
      want: {
        timestamp: "Sep 20 15:44:23",
        "host.hostname": "lb",
        "source.address": "127.0.0.1",
        "source.port": 40962n,
        "haproxy.request_date": "20/Sep/2018:15:44:23.285",
        "haproxy.frontend_name": "main",
        "haproxy.backend_name": "app",
        "haproxy.total_time_ms": "0",
        "source.bytes": 212n,
        "haproxy.termination_state": "SC",
        "haproxy.connections.active": 1n,
        "haproxy.connections.frontend": 1n,
        "haproxy.connections.backend": 0n,
        "haproxy.connections.server": 0n,
        "haproxy.connections.retries": 0n,
        "haproxy.server_queue": 0n,
        "haproxy.backend_queue": 0n,
      },
    },
    {
      pattern: "^%{ELB_ACCESS_LOG}$",
      text:
        "2014-02-15T23:39:43.945958Z my-lb 192.168.131.39:2817 10.0.0.1:80 0.000073 0.001048 0.000057 200 200 0 29 " +
        '"GET http://www.example.com:80/x?y=1 HTTP/1.1"',
      want: {
        timestamp: "2014-02-15T23:39:43.945958Z",
        "aws.elb.name": "my-lb",
        "source.ip": "192.168.131.39",
        "source.port": 2817n,
        "aws.elb.backend.ip": "10.0.0.1",
        "aws.elb.backend.port": 80n,
        "aws.elb.request_processing_time.sec": 0.000073,
        "aws.elb.backend_processing_time.sec": 0.001048,
        "aws.elb.response_processing_time.sec": 0.000057,
        "http.response.status_code": 200n,
        "aws.elb.backend.http.response.status_code": 200n,
        "http.request.body.bytes": 0n,
        "http.response.body.bytes": 29n,
        "http.request.method": "GET",
        "url.original": "http://www.example.com:80/x?y=1",
        "url.scheme": "http",
        "url.domain": "www.example.com",
        "url.port": 80n,
        "url.path": "/x",
        "url.query": "y=1",
        "http.version": "1.1",
      },
    },
    {
      pattern: "^%{S3_ACCESS_LOG}$",
      text: "owner bucket [06/Feb/2019:00:00:38 +0000] 192.0.2.3 user 3E57427F3EXAMPLE REST.GET.OBJECT k " +
        '"GET /bucket/k HTTP/1.1" 200 - 113 - 7 - "-" "S3Console/0.4" -',
      want: {
        "aws.s3access.bucket_owner": "owner",
        "aws.s3access.bucket": "bucket",
        timestamp: "06/Feb/2019:00:00:38 +0000",
        "client.ip": "192.0.2.3",
        "client.user.id": "user",
        "aws.s3access.request_id": "3E57427F3EXAMPLE",
        "aws.s3access.operation": "REST.GET.OBJECT",
        "aws.s3access.key": "k",
        "aws.s3access.request_uri": "GET /bucket/k HTTP/1.1",
        "http.request.method": "GET",
        "url.original": "/bucket/k",
        "http.version": "1.1",
        "http.response.status_code": 200n,
        "aws.s3access.bytes_sent": 113n,
        "aws.s3access.total_time": 7n,
        "user_agent.original": "S3Console/0.4",
      },
    },
    {
      pattern: "^%{BIND9}$",
      text:
        "17-Feb-2018 23:06:56.326 queries: info: client 172.26.0.1#12345 (test.example.com): query: test.example.com " +
        "IN A +E(0)K (172.26.0.3)",
      want: {
        timestamp: "17-Feb-2018 23:06:56.326",
        "bing.log.category": "queries",
        "log.level": "info",
        "client.ip": "172.26.0.1",
        "client.port": 12345n,
        "bind.log.question.name": "test.example.com",
        "dns.question.name": "test.example.com",
        "dns.question.class": "IN",
        "dns.question.type": "A",
        "bind.log.question.flags": "+E(0)K",
        "server.ip": "172.26.0.3",
      },
    },
    {
      pattern: "^%{EXIM}",
      text: "1995-10-31 08:57:53 0tACW1-0005MB-00 <= kryten@dwarf.example H=mailer.example [192.0.2.123] P=smtp S=5678",
      want: {
        timestamp: "1995-10-31 08:57:53",
        "exim.log.message.id": "0tACW1-0005MB-00",
        "exim.log.flags": "<=",
        "exim.log.sender.email": "kryten@dwarf.example",
        "source.host.name": "mailer.example",
        "source.address": "192.0.2.123",
        "network.protocol.name": "smtp",
        "exim.log.message.body.size": 5678n,
      },
    },
    {
      pattern: "%{RT_FLOW3}",
      text: "RT_FLOW_SESSION_DENY: session denied 1.2.3.4/56639->5.6.7.8/2003 None 6(0) DROP-ALL ZONE-UN A B ",
      want: {
        "juniper.srx.tag": "RT_FLOW_SESSION_DENY",
        "source.ip": "1.2.3.4",
        "source.port": 56639n,
        "destination.ip": "5.6.7.8",
        "destination.port": 2003n,
        "juniper.srx.service_name": "None",
        "network.iana_number": "6",
        "rule.name": "DROP-ALL",
        "observer.ingress.zone": "ZONE-UN",
        "observer.egress.zone": "A",
      },
    },
    {
      pattern: "^%{RAILS3}",
      text:
        'Started GET "/a?b=1" for 127.0.0.1 at 2013-05-01 14:11:57 +0200\nProcessing by MainController#index as HTML\n' +
        "Completed 200 OK in 10.5ms (Views: 4.0ms | ActiveRecord: 1.5ms)",
      want: {
        "http.request.method": "GET",
        "url.original": "/a?b=1",
        "source.address": "127.0.0.1",
        timestamp: "2013-05-01 14:11:57 +0200",
        "rails.controller.class": "MainController",
        "rails.controller.action": "index",
        "rails.request.format": "HTML",
        "rails.request.explain.original": "\n",
        "http.response.status_code": 200n,
        "rails.request.duration.total": 10.5,
        "rails.request.duration.view": 4,
        "rails.request.duration.active_record": 1.5,
      },
    },
    {
      pattern: "^%{NAGIOSLOGLINE}$",
      text: "[1234567890] SERVICE ALERT: localhost;HTTP;CRITICAL;HARD;3;Connection refused",
      want: {
        timestamp: "1234567890",
        "nagios.log.type": "SERVICE ALERT",
        "host.hostname": "localhost",
        "service.name": "HTTP",
        "service.state": "CRITICAL",
        "nagios.log.state_type": "HARD",
        "nagios.log.attempt": 3n,
        message: "Connection refused",
      },
    },
    {
      pattern: "^%{NAGIOS_EC_LINE_PROCESS_SERVICE_CHECK_RESULT}$",
      text: "EXTERNAL COMMAND: PROCESS_SERVICE_CHECK_RESULT;web01;Disk;0;OK - free space",
      want: {
        "nagios.log.type": "EXTERNAL COMMAND",
        "nagios.log.command": "PROCESS_SERVICE_CHECK_RESULT",
        "host.hostname": "web01",
        "service.name": "Disk",
        "service.state": "0",
        "nagios.log.check_result": "OK - free space",
      },
    },
    {
      pattern: "^%{BRO_DNS}$",
      text:
        "1623847260.25\ts1\t192.168.1.50\t12345\t192.0.2.50\t53\tudp\t1234\twww.example.com\t1\tIN\t1\tA\t0\tNOERROR\t" +
        "T\tF\tT\tT\t0\t192.0.2.51\t60.0\tF",
      want: {
        timestamp: "1623847260.25",
        "zeek.session_id": "s1",
        "source.address": "192.168.1.50",
        "source.port": 12345n,
        "destination.address": "192.0.2.50",
        "destination.port": 53n,
        "network.transport": "udp",
        "dns.id": 1234n,
        "dns.question.name": "www.example.com",
        "zeek.dns.qclass": "1",
        "zeek.dns.qclass_name": "IN",
        "zeek.dns.qtype": "1",
        "dns.question.type": "A",
        "zeek.dns.rcode": "0",
        "dns.response_code": "NOERROR",
        "zeek.dns.AA": "T",
        "zeek.dns.TC": "F",
        "zeek.dns.RD": "T",
        "zeek.dns.RA": "T",
        "zeek.dns.Z": "0",
        "zeek.dns.answers": "192.0.2.51",
        "zeek.dns.TTLs": "60.0",
        "zeek.dns.rejected": "F",
      },
    },
    {
      pattern: "^%{MONGO_SLOWQUERY}$",
      text:
        'find db.users query: { find: "users", filter: { age: 30 } } ntoreturn:1 ntoskip:0 nscanned:1000 nreturned:1 123ms',
      want: {
        "db.mongodb.profile.op": "find",
        "db.mongodb.database": "db",
        "db.mongodb.collection": "users",
        "db.mongodb.query.original": 'find: "users", filter: { age: 30 }',
        "db.mongodb.profile.ntoreturn": 1n,
        "db.mongodb.profile.ntoskip": 0n,
        "db.mongodb.profile.nscanned": 1000n,
        "db.mongodb.profile.nreturned": 1n,
        "db.mongodb.profile.duration": 123n,
      },
    },
    {
      pattern: "%{MONGO_QUERY:q}",
      text: "{ a: 1 } ntoreturn:",
      want: { q: "{ a: 1 } ntoreturn:", MONGO_QUERY: "a: 1" },
    },
  ];
  for (const { pattern, text, want } of cases) {
    await t.step(`${pattern} of ${text.slice(0, 30)}`, () => deepStrictEqual(run(pattern, text), want));
  }
});

Deno.test("IPV6 takes what is an address", () => {
  const grok = compileGrok("^%{IPV6:x}$", NAMED, DEFAULT_OTTL_LIMITS);
  const mutated = fc.ipV6().chain((address) =>
    fc.constantFrom(address, `${address}:1`, address.replace(":", "::"), address.replace(/^[^:]+/, ""))
  );
  fc.assert(fc.property(mutated, (address) => {
    strictEqual(grok(address).size === 1, isIPv6(address), address);
  }));
});

Deno.test("a hostile text costs linear time", () => {
  const grok = compileGrok("^%{COMBINEDAPACHELOG}$", NAMED, DEFAULT_OTTL_LIMITS);
  ok(grok("a.".repeat(15_000)).size === 0);
});
