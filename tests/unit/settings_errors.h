/* settings_errors.h: mistakes in the files of an installation and what is said
 * about each. @ stands for the folder; the main file's first line is its own
 * profile_dir, so what is written here begins in line 2. */
static const struct {
	const char *main_file, *instance, *profile;
	bool complete; /* settings_check_complete too */
	const char *says;
} mistakes[] = {
	{ "datadir: /x\n",
	  NULL, NULL, false,
	  "jembatan.yaml:2: unknown key \"datadir\": did you mean "
	  "\"data_dir\"?" },
	{ "url: https://x\n",
	  NULL, NULL, false,
	  "jembatan.yaml:2: unknown key \"url\": did you mean "
	  "\"central.url\"?" },
	{ "sentral:\n"
	  "  url: https://x\n",
	  NULL, NULL, false,
	  "jembatan.yaml:2: unknown key \"sentral\": did you mean "
	  "\"central\"?" },
	{ "zzzzzz: 1\n",
	  NULL, NULL, false,
	  "jembatan.yaml:2: unknown key \"zzzzzz\": the keys here are "
	  "data_dir, run_dir, plugin_dir, profile_dir, confinement, log, "
	  "master_key, master_key_old, limits, central, classify, complete, duplicates, replies, retention, web" },
	{ "central:\n"
	  "  zzzzzz: 1\n",
	  NULL, NULL, false,
	  "jembatan.yaml:3: unknown key \"central.zzzzzz\": the keys here "
	  "are type, url, auth_header, auth_scheme, secret, guid, "
	  "create_path, create_id, connect_timeout, answer_timeout, connections, "
	  "idempotent, lookup, unknown, unknown_alarm, not_sent_statuses, "
	  "reference_line, nik, contacts, time_zone, ca_file, daily_budget, status, institutions_every, "
	  "route_to, route, supervision_disposition_id, classifications, categories_file, "
	  "locations_file, defaults" },
	{ "central.url: https://x\n",
	  NULL, NULL, false,
	  "jembatan.yaml:2: \"central.url\" is not written in one word: "
	  "write central: and below it, indented, the rest" },
	{ "a.b: https://x\n",
	  NULL, NULL, false,
	  "jembatan.yaml:2: unknown key \"a.b\": the keys here are data_dir, "
	  "run_dir, plugin_dir, profile_dir, confinement, log, master_key, master_key_old, "
	  "limits, central, classify, complete, duplicates, replies, retention, web" },
	{ "central.lookup: {url: https://x}\n",
	  NULL, NULL, false,
	  "jembatan.yaml:2: \"central.lookup\" is not written in one word: "
	  "write central: and below it, indented, the rest" },
	{ "central: https://x\n",
	  NULL, NULL, false,
	  "jembatan.yaml:2: \"central\" must be a map with the keys type, "
	  "url, auth_header, auth_scheme, secret, guid, create_path, create_id, "
	  "connect_timeout, answer_timeout, connections, idempotent, lookup, "
	  "unknown, unknown_alarm, not_sent_statuses, reference_line, nik, contacts, "
	  "time_zone, ca_file, daily_budget, status, institutions_every, route_to, "
	  "route, supervision_disposition_id, classifications, categories_file, "
	  "locations_file, defaults, not text" },
	{ "log: [json]\n",
	  NULL, NULL, false,
	  "jembatan.yaml:2: \"log\" must be a map with the keys format, "
	  "level, not a list" },
	{ "- a\n"
	  "- b\n",
	  NULL, NULL, false,
	  "jembatan.yaml:2: not valid YAML: did not find expected key (while "
	  "parsing a block mapping from line 1)" },
	{ "data_dir: var/lib\n",
	  NULL, NULL, false,
	  "jembatan.yaml:2: \"data_dir\" must be an absolute path (beginning "
	  "with /, without ..), not \"var/lib\"" },
	{ "data_dir: /var/../etc\n",
	  NULL, NULL, false,
	  "jembatan.yaml:2: \"data_dir\" must be an absolute path (beginning "
	  "with /, without ..), not \"/var/../etc\"" },
	{ "data_dir:\n",
	  NULL, NULL, false,
	  "jembatan.yaml:2: \"data_dir\" has no value: write an absolute "
	  "path (beginning with /, without ..), or remove the line" },
	{ "data_dir: [/x]\n",
	  NULL, NULL, false,
	  "jembatan.yaml:2: \"data_dir\" must be an absolute path (beginning "
	  "with /, without ..), not a list" },
	{ "confinement: on\n",
	  NULL, NULL, false,
	  "jembatan.yaml:2: \"confinement\" must be one of required, "
	  "preferred, not \"on\"" },
	{ "log: {format: xml, level: verbose}\n",
	  NULL, NULL, false,
	  "jembatan.yaml:2: \"log.format\" must be one of key=value, json, "
	  "not \"xml\"\n"
	  "jembatan.yaml:2: \"log.level\" must be one of debug, info, "
	  "notice, warning, error, not \"verbose\"" },
	{ "limits:\n"
	  "  attachment_max: 10MB\n"
	  "  inbox_waiting_max: many\n"
	  "  batch_max: 0\n",
	  NULL, NULL, false,
	  "jembatan.yaml:3: \"limits.attachment_max\" must be a size such as "
	  "64KiB or 10MiB, not \"10MB\"\n"
	  "jembatan.yaml:4: \"limits.inbox_waiting_max\" must be a whole "
	  "number, not \"many\"\n"
	  "jembatan.yaml:5: \"limits.batch_max\" must be between 1 and 4096, "
	  "not \"0\"" },
	{ "limits:\n"
	  "  attachment_max: 1KiB\n",
	  NULL, NULL, false,
	  "jembatan.yaml:3: \"limits.attachment_max\" must be between 64KiB "
	  "and 1GiB, not \"1KiB\"" },
	{ "limits:\n"
	  "  batch_max: 99999999999999999999\n",
	  NULL, NULL, false,
	  "jembatan.yaml:3: \"limits.batch_max\" must be a whole number, not "
	  "\"99999999999999999999\"" },
	{ "central: {type: lapor_v2}\n",
	  NULL, NULL, false,
	  "jembatan.yaml:2: \"central.type\" must be one of lapor_v3, not "
	  "\"lapor_v2\"" },
	{ "central: {url: ftp://pusat.contoh.go.id}\n",
	  NULL, NULL, false,
	  "jembatan.yaml:2: \"central.url\" must be an address that begins "
	  "with one of http://, https://, not \"ftp://pusat.contoh.go.id\"" },
	{ "central: {url: \"https://a:b@pusat.contoh.go.id\"}\n",
	  NULL, NULL, false,
	  "jembatan.yaml:2: \"central.url\" must not hold a user name or "
	  "password: there are options for them" },
	{ "central: {url: \"pusat contoh\"}\n",
	  NULL, NULL, false,
	  "jembatan.yaml:2: \"central.url\" must be an address such as "
	  "https://host/path" },
	{ "central: {auth_header: \"X Key\", auth_scheme: \"a:b\"}\n",
	  NULL, NULL, false,
	  "jembatan.yaml:2: \"central.auth_header\" must be one word of "
	  "letters, digits and dashes\n"
	  "jembatan.yaml:2: \"central.auth_scheme\" must be one word of "
	  "letters, digits and dashes" },
	{ "central: {auth_header: \"\"}\n",
	  NULL, NULL, false,
	  "jembatan.yaml:2: \"central.auth_header\" must be one word of "
	  "letters, digits and dashes" },
	{ "central:\n"
	  "  secret: tongkat\n",
	  NULL, NULL, false,
	  "jembatan.yaml:3: \"central.secret\" is a secret and does not "
	  "stand here itself: write {file: /path}, {env: NAME} or "
	  "{credential: NAME}" },
	{ "central:\n"
	  "  secret: {file: secret}\n",
	  NULL, NULL, false,
	  "jembatan.yaml:3: \"central.secret\": the file of a secret must be "
	  "an absolute path" },
	{ "central:\n"
	  "  secret: {file: @/hilang}\n",
	  NULL, NULL, false,
	  "jembatan.yaml:3: \"central.secret\": cannot read @/hilang: No "
	  "such file or directory: make it with `install -o jembatan -m 600 "
	  "/dev/stdin FILE`, paste the secret, Enter, Ctrl-D" },
	{ "central:\n"
	  "  secret: {file: @/shared}\n",
	  NULL, NULL, false,
	  "jembatan.yaml:3: \"central.secret\": others may read @/shared "
	  "(mode 0640): chmod 600 it" },
	{ "central:\n"
	  "  secret: {file: @/empty}\n",
	  NULL, NULL, false,
	  "jembatan.yaml:3: \"central.secret\": @/empty is empty" },
	{ "central:\n"
	  "  secret: {file: /dev/null}\n",
	  NULL, NULL, false,
	  "jembatan.yaml:3: \"central.secret\": /dev/null is not a file" },
	{ "central:\n"
	  "  secret: {env: SETTINGS_UNSET}\n",
	  NULL, NULL, false,
	  "jembatan.yaml:3: \"central.secret\": the environment variable "
	  "SETTINGS_UNSET is not set" },
	{ "central:\n"
	  "  secret: {credential: pusat}\n",
	  NULL, NULL, false,
	  "jembatan.yaml:3: \"central.secret\": there are no credentials "
	  "here ($CREDENTIALS_DIRECTORY is not set): start from a systemd "
	  "unit with LoadCredential=pusat:FILE" },
	{ "central:\n"
	  "  secret: {credential: ../pusat}\n",
	  NULL, NULL, false,
	  "jembatan.yaml:3: \"central.secret\": a credential is a plain "
	  "name, as in LoadCredential=" },
	{ "central:\n"
	  "  secret: {vault: pusat}\n",
	  NULL, NULL, false,
	  "jembatan.yaml:3: \"central.secret\": unknown source \"vault\" of "
	  "a secret: use file, env or credential" },
	{ "central:\n"
	  "  secret: {file: @/secret, env: X}\n",
	  NULL, NULL, false,
	  "jembatan.yaml:3: \"central.secret\" is a secret and does not "
	  "stand here itself: write {file: /path}, {env: NAME} or "
	  "{credential: NAME}" },
	{ "master_key: {file: @/secret}\n",
	  NULL, NULL, false,
	  "jembatan.yaml:2: \"master_key\" must be 64 hexadecimal digits: "
	  "make one with openssl rand -hex 32" },
	{ "central: {create_path: complaints}\n",
	  NULL, NULL, false,
	  "jembatan.yaml:2: \"central.create_path\" must be a path that "
	  "begins with /" },
	{ "central: {connect_timeout: 30, answer_timeout: 1h}\n",
	  NULL, NULL, false,
	  "jembatan.yaml:2: \"central.connect_timeout\" must be a length of "
	  "time such as 30s, 5m, 2h or 1d, not \"30\"\n"
	  "jembatan.yaml:2: \"central.answer_timeout\" must be between 1s "
	  "and 10m, not \"1h\"" },
	{ "central: {connections: 0}\n",
	  NULL, NULL, false,
	  "jembatan.yaml:2: \"central.connections\" must be between 1 and "
	  "256, not \"0\"" },
	{ "central: {connections: 4.5}\n",
	  NULL, NULL, false,
	  "jembatan.yaml:2: \"central.connections\" must be a whole number, "
	  "not \"4.5\"" },
	{ "central: {idempotent: yes, reference_line: \"on\"}\n",
	  NULL, NULL, false,
	  "jembatan.yaml:2: \"central.idempotent\" must be true or false, "
	  "not \"yes\"\n"
	  "jembatan.yaml:2: \"central.reference_line\" must be true or "
	  "false, not \"on\"" },
	{ "central: {lookup: {url: \"https://x/cari\", match: \"\"}}\n",
	  NULL, NULL, false,
	  "jembatan.yaml:2: \"central.lookup.url\" must hold {reference}, "
	  "where our reference is put in\n"
	  "jembatan.yaml:2: \"central.lookup.match\" must be a path such as "
	  "results.data.0.id" },
	{ "central: {unknown: retry}\n",
	  NULL, NULL, false,
	  "jembatan.yaml:2: \"central.unknown\" must be one of hold, resend, "
	  "not \"retry\"" },
	{ "central: {not_sent_statuses: 503}\n",
	  NULL, NULL, false,
	  "jembatan.yaml:2: \"central.not_sent_statuses\" must be a list, "
	  "such as [a, b], not text" },
	{ "central: {not_sent_statuses: [503, 200, 5xx]}\n",
	  NULL, NULL, false,
	  "jembatan.yaml:2: \"central.not_sent_statuses\" must hold HTTP "
	  "statuses from 400 to 599, not \"200\"\n"
	  "jembatan.yaml:2: \"central.not_sent_statuses\" must hold HTTP "
	  "statuses from 400 to 599, not \"5xx\"" },
	{ "central: {time_zone: Jakarta}\n",
	  NULL, NULL, false,
	  "jembatan.yaml:2: \"central.time_zone\" must be WIB, WITA, WIT, "
	  "UTC or an offset such as +07:00, not \"Jakarta\"" },
	{ "central: {daily_budget: -1}\n",
	  NULL, NULL, false,
	  "jembatan.yaml:2: \"central.daily_budget\" must be between 0 and "
	  "100000000, not \"-1\"" },
	{ "central: {defaults: {channel: \"\", category: 3}}\n",
	  NULL, NULL, false,
	  "jembatan.yaml:2: unknown key \"central.defaults.category\": did "
	  "you mean \"central.defaults.category_id\"?\n"
	  "jembatan.yaml:2: \"central.defaults.channel\" must be an id of "
	  "the centre: 1 to 64 letters without blanks" },
	{ "central: {route_to: \"dua kata\"}\n",
	  NULL, NULL, false,
	  "jembatan.yaml:2: \"central.route_to\" must be an id of the "
	  "centre: 1 to 64 letters without blanks" },
	{ "a: &x 1\n",
	  NULL, NULL, false,
	  "jembatan.yaml:2: anchors (&x) are not supported: write the value "
	  "out where it is needed" },
	{ "",
	  "push: auto\n", NULL, false,
	  "connectors.d/surat.yaml: \"connector\" is missing: name a plugin, "
	  "such as email or agency-api" },
	{ "",
	  "conector: email\n", NULL, false,
	  "connectors.d/surat.yaml:1: unknown key \"conector\": did you mean "
	  "\"connector\"?\n"
	  "connectors.d/surat.yaml: \"connector\" is missing: name a plugin, "
	  "such as email or agency-api" },
	{ "",
	  "connector: E-Mail\n", NULL, false,
	  "connectors.d/surat.yaml:1: \"connector\" must be a name of small "
	  "letters, digits and dashes" },
	{ "",
	  "connector: email\n"
	  "push: maybe\n", NULL, false,
	  "connectors.d/surat.yaml:2: \"push\" must be one of auto, review, "
	  "shadow, not \"maybe\"" },
	{ "",
	  "connector: email\n"
	  "start: kemarin\n", NULL, false,
	  "connectors.d/surat.yaml:2: \"start\" must be now, all or a date "
	  "such as 2026-01-31 or 2026-01-31T08:00:00+07:00, not \"kemarin\"" },
	{ "",
	  "connector: email\n"
	  "start: 2026-02-30\n", NULL, false,
	  "connectors.d/surat.yaml:2: \"start\" must be now, all or a date "
	  "such as 2026-01-31 or 2026-01-31T08:00:00+07:00, not "
	  "\"2026-02-30\"" },
	{ "",
	  "connector: email\n"
	  "every: 10ms\n", NULL, false,
	  "connectors.d/surat.yaml:2: \"every\" must be between 100ms and 7d, "
	  "not \"10ms\"" },
	{ "",
	  "connector: email\n"
	  "enabled: ya\n", NULL, false,
	  "connectors.d/surat.yaml:2: \"enabled\" must be true or false, not "
	  "\"ya\"" },
	{ "",
	  "connector: email\n"
	  "home_region: 3273\n", NULL, false,
	  "connectors.d/surat.yaml:2: \"home_region\" must be a Kemendagri "
	  "code in quotes, such as \"32.73\", not \"3273\"" },
	{ "",
	  "connector: email\n"
	  "central: {url: https://x}\n", NULL, false,
	  "connectors.d/surat.yaml:2: unknown key \"central.url\": the keys "
	  "here are route_to, defaults" },
	{ "",
	  "connector: email\n"
	  "central: {defaults: {user_id: [1]}}\n", NULL, false,
	  "connectors.d/surat.yaml:2: \"central.defaults.user_id\" must be "
	  "text, not a list" },
	{ "",
	  "connector: email\n"
	  "host: x\n", NULL, false,
	  "connectors.d/surat.yaml:2: unknown key \"host\": the keys here "
	  "are connector, profile, enabled, push, start, every, quiet_alarm, "
	  "gather, "
	  "home_region, agency, replies, "
	  "central, options" },
	{ "",
	  "connector: [email]\n", NULL, false,
	  "connectors.d/surat.yaml:1: \"connector\" must be text, not a list" },
	{ "",
	  "connector: email\n"
	  "connector: email\n", NULL, false,
	  "connectors.d/surat.yaml:2: the key \"connector\" stands twice, "
	  "first in line 1: remove one" },
	{ "",
	  "profile: hilang\n", NULL, false,
	  "connectors.d/surat.yaml:1: there is no profile \"hilang\": no "
	  "file @/profiles/hilang.yaml" },
	{ "",
	  "profile: ../aplikasi\n", NULL, false,
	  "connectors.d/surat.yaml:1: \"profile\" must be a name of small "
	  "letters, digits and dashes" },
	{ "",
	  "profile: aplikasi\n", "summary: x\n", false,
	  "profiles/aplikasi.yaml:1: \"connector\" is missing: name the "
	  "plugin that this profile is for." },
	{ "",
	  "connector: email\n"
	  "profile: aplikasi\n", "connector: agency-api\n", false,
	  "connectors.d/surat.yaml:1: \"connector\" is email, but the "
	  "profile \"aplikasi\" is for agency-api: remove the line" },
	{ "",
	  "profile: aplikasi\n", "connector: agency-api\n"
	  "fields: {}\n", false,
	  "profiles/aplikasi.yaml:2: unknown key \"fields\": the keys here "
	  "are connector, summary, options" },
	{ "",
	  "profile: aplikasi\n", "connector: [\n", false,
	  "profiles/aplikasi.yaml:2: not valid YAML: did not find expected "
	  "node content" },
	{ "",
	  NULL, NULL, true,
	  "jembatan.yaml: central.url is missing: nothing can be pushed; "
	  "write the base address that came with the agency's account\n"
	  "jembatan.yaml: central.secret is missing: the centre refuses "
	  "requests without it; write {file: /path} of a file that holds the "
	  "agency's secret\n"
	  "jembatan.yaml: central.guid is missing: the centre wants it as "
	  "the header token; write {file: /path} of a file that holds the "
	  "agency's GUID with its braces\n"
	  "jembatan.yaml: central.defaults.channel is missing: new tickets "
	  "need it; it is the number the centre gave to this way of entry, "
	  "see the interface document that came with the agency's account\n"
	  "jembatan.yaml: central.defaults.classification_id is missing: new "
	  "tickets need it; it is the number of, say, \"Pengaduan Tidak "
	  "Berkadar Pengawasan\", see the interface document that came with "
	  "the agency's account\n"
	  "jembatan.yaml: central.defaults.category_id is missing: new "
	  "tickets need it; it is the number of a general category, see the "
	  "interface document that came with the agency's account\n"
	  "jembatan.yaml: central.defaults.disposition_id is missing: new "
	  "tickets need it; it is your institution's number, see the "
	  "interface document that came with the agency's account\n"
	  "jembatan.yaml: central.defaults.location_id is missing: new "
	  "tickets need it; it is the number of your region, see the "
	  "interface document that came with the agency's account\n"
	  "jembatan.yaml: central.defaults.user_id is missing: new tickets "
	  "need it; it is the number of the account that files complaints, "
	  "see the interface document that came with the agency's account" },
	{ "central:\n"
	  "  url: https://x\n"
	  "  secret: {file: @/secret}\n"
	  "  guid: {file: @/secret}\n"
	  "  defaults:\n"
	  "    channel: 1\n"
	  "    classification_id: 2\n"
	  "    disposition_id: 3\n"
	  "    location_id: 4\n"
	  "    user_id: 5\n",
	  "connector: email\n", NULL, true,
	  "jembatan.yaml:6: central.defaults.category_id is missing for "
	  "surat: new tickets need it; it is the number of a general "
	  "category, see the interface document that came with the agency's "
	  "account" },
	{ "central:\n"
	  "  url: https://x\n"
	  "  secret: {file: @/secret}\n"
	  "  guid: {file: @/secret}\n"
	  "  defaults: {channel: 1, classification_id: 2, disposition_id: 3, "
	  "location_id: 4, user_id: 5}\n",
	  "connector: email\n"
	  "central: {defaults: {category_id: 6}}\n", NULL, true,
	  "" },
	{ "central:\n"
	  "  url: https://x\n"
	  "  secret: {file: @/secret}\n"
	  "  guid: {file: @/secret}\n",
	  "connector: email\n"
	  "push: shadow\n", NULL, true,
	  "" },
	{ "web:\n"
	  "  listen: '0.0.0.0:80'\n",
	  NULL, NULL, false,
	  "jembatan.yaml:3: \"web.listen\" must be 127.0.0.1:PORT, [::1]:PORT or "
	  "unix:/PATH (at most 107 bytes): a proxy on this machine does TLS and the "
	  "outside" },
	{ "web:\n"
	  "  listen: '127.0.0.1:'\n",
	  NULL, NULL, false,
	  "jembatan.yaml:3: \"web.listen\" must be 127.0.0.1:PORT, [::1]:PORT or "
	  "unix:/PATH (at most 107 bytes): a proxy on this machine does TLS and the "
	  "outside" },
	{ "web:\n"
	  "  listen: '127.0.0.1:70000'\n",
	  NULL, NULL, false,
	  "jembatan.yaml:3: \"web.listen\" must be 127.0.0.1:PORT, [::1]:PORT or "
	  "unix:/PATH (at most 107 bytes): a proxy on this machine does TLS and the "
	  "outside" },
	{ "web:\n"
	  "  listen: 'localhost:80'\n",
	  NULL, NULL, false,
	  "jembatan.yaml:3: \"web.listen\" must be 127.0.0.1:PORT, [::1]:PORT or "
	  "unix:/PATH (at most 107 bytes): a proxy on this machine does TLS and the "
	  "outside" },
	{ "web:\n"
	  "  listen: 'unix:web.sock'\n",
	  NULL, NULL, false,
	  "jembatan.yaml:3: \"web.listen\" must be 127.0.0.1:PORT, [::1]:PORT or "
	  "unix:/PATH (at most 107 bytes): a proxy on this machine does TLS and the "
	  "outside" },
	{ "web:\n"
	  "  listen: '[::1]'\n",
	  NULL, NULL, false,
	  "jembatan.yaml:3: \"web.listen\" must be 127.0.0.1:PORT, [::1]:PORT or "
	  "unix:/PATH (at most 107 bytes): a proxy on this machine does TLS and the "
	  "outside" },
};
