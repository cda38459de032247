BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0005');
CREATE TABLE check_result (
	run_id VARCHAR(36) NOT NULL, 
	check_id VARCHAR(512) NOT NULL, 
	finished_at VARCHAR(32) NOT NULL, 
	relation VARCHAR(256) NOT NULL, 
	column_name VARCHAR(256) NOT NULL, 
	status VARCHAR(16) NOT NULL, 
	severity VARCHAR(16) NOT NULL, 
	failures BIGINT NOT NULL, 
	seconds FLOAT NOT NULL, 
	message TEXT NOT NULL, 
	PRIMARY KEY (run_id, check_id), 
	FOREIGN KEY(run_id) REFERENCES run (run_id)
);
INSERT INTO "check_result" VALUES('r1','test.acme.unique.1','2026-10-01T12:00:00.000000Z','marts.mart_x','day','warn','error',4,0.25,'Got 4 results');
CREATE TABLE column_profile (
	profile_id INTEGER NOT NULL, 
	run_id VARCHAR(36) NOT NULL, 
	stream VARCHAR(256) NOT NULL, 
	column_name VARCHAR(256) NOT NULL, 
	seen_at VARCHAR(32) NOT NULL, 
	row_count BIGINT NOT NULL, 
	null_count BIGINT, 
	distinct_count BIGINT, 
	lowest FLOAT, 
	highest FLOAT, 
	categories TEXT, 
	PRIMARY KEY (profile_id), 
	FOREIGN KEY(run_id) REFERENCES run (run_id)
);
CREATE TABLE cost (
	cost_id INTEGER NOT NULL, 
	run_id VARCHAR(36) NOT NULL, 
	step VARCHAR(256) NOT NULL, 
	subject VARCHAR(256) NOT NULL, 
	resource VARCHAR(32) NOT NULL, 
	quantity FLOAT NOT NULL, 
	unit VARCHAR(16) NOT NULL, 
	price FLOAT, 
	currency VARCHAR(3), 
	query_id VARCHAR(128), 
	seen_at VARCHAR(32) NOT NULL, 
	PRIMARY KEY (cost_id), 
	FOREIGN KEY(run_id) REFERENCES run (run_id)
);
INSERT INTO "cost" VALUES(1,'r1','load:app.orders','app.orders','bytes_written',900.0,'bytes',NULL,NULL,NULL,'2026-10-01T12:00:00.000000Z');
CREATE TABLE delivery (
	delivery_id VARCHAR(36) NOT NULL, 
	incident_id VARCHAR(36), 
	group_key VARCHAR(256) NOT NULL, 
	route VARCHAR(128) NOT NULL, 
	channel VARCHAR(128) NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	attempts INTEGER NOT NULL, 
	queued_at VARCHAR(32) NOT NULL, 
	next_try_at VARCHAR(32), 
	sent_at VARCHAR(32), 
	fault TEXT NOT NULL, 
	suppressed_by VARCHAR(128) NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (delivery_id)
);
CREATE TABLE drift (
	drift_id INTEGER NOT NULL, 
	run_id VARCHAR(36) NOT NULL, 
	stream VARCHAR(256) NOT NULL, 
	seen_at VARCHAR(32) NOT NULL, 
	kind VARCHAR(32) NOT NULL, 
	column_name VARCHAR(256) NOT NULL, 
	"before" TEXT NOT NULL, 
	"after" TEXT NOT NULL, 
	policy VARCHAR(16) NOT NULL, 
	outcome VARCHAR(32) NOT NULL, 
	PRIMARY KEY (drift_id), 
	FOREIGN KEY(run_id) REFERENCES run (run_id)
);
INSERT INTO "drift" VALUES(1,'r1','app.orders','2026-10-01T12:00:00.000000Z','column_added','utm_term','','string','evolve','added');
CREATE TABLE error_event (
	event_id INTEGER NOT NULL, 
	run_id VARCHAR(36) NOT NULL, 
	step VARCHAR(256) NOT NULL, 
	seen_at VARCHAR(32) NOT NULL, 
	kind VARCHAR(64) NOT NULL, 
	remedy VARCHAR(32) NOT NULL, 
	what TEXT NOT NULL, 
	at_place TEXT NOT NULL, 
	fix TEXT NOT NULL, error_class VARCHAR(32), origin VARCHAR(16), retryable BOOLEAN, fingerprint VARCHAR(64), 
	PRIMARY KEY (event_id), 
	FOREIGN KEY(run_id) REFERENCES run (run_id)
);
INSERT INTO "error_event" VALUES(1,'r1','build','2026-10-01T12:00:00.000000Z','TransformError','skip','It broke.','marts.mart_x','mend it','contract','data',0,'2aa13941c67a55f51481881b85bd4403');
CREATE TABLE heartbeat (
	component VARCHAR(128) NOT NULL, 
	seen_at VARCHAR(32) NOT NULL, 
	started_at VARCHAR(32) NOT NULL, 
	detail TEXT NOT NULL, 
	version VARCHAR(32) NOT NULL, 
	host VARCHAR(128) NOT NULL, 
	pid INTEGER NOT NULL, 
	PRIMARY KEY (component)
);
CREATE TABLE incident (
	incident_id VARCHAR(36) NOT NULL, 
	target VARCHAR(128) NOT NULL, 
	cause VARCHAR(64) NOT NULL, 
	rule VARCHAR(32) NOT NULL, 
	subject VARCHAR(256) NOT NULL, 
	title TEXT NOT NULL, 
	severity VARCHAR(16) NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	owner VARCHAR(128) NOT NULL, 
	opened_at VARCHAR(32) NOT NULL, 
	last_seen_at VARCHAR(32) NOT NULL, 
	occurrences BIGINT NOT NULL, 
	acknowledged_at VARCHAR(32), 
	acknowledged_by VARCHAR(128), 
	resolved_at VARCHAR(32), 
	resolved_by VARCHAR(128), 
	resolution VARCHAR(32), 
	note TEXT NOT NULL, 
	first_run_id VARCHAR(36), 
	last_run_id VARCHAR(36), 
	last_good_run_id VARCHAR(36), 
	data_safe VARCHAR(32) NOT NULL, 
	is_downstream_known BOOLEAN NOT NULL, 
	facts TEXT NOT NULL, 
	PRIMARY KEY (incident_id)
);
CREATE TABLE incident_event (
	event_id INTEGER NOT NULL, 
	incident_id VARCHAR(36) NOT NULL, 
	at VARCHAR(32) NOT NULL, 
	kind VARCHAR(32) NOT NULL, 
	actor VARCHAR(128) NOT NULL, 
	detail TEXT NOT NULL, 
	PRIMARY KEY (event_id), 
	FOREIGN KEY(incident_id) REFERENCES incident (incident_id)
);
CREATE TABLE incident_subject (
	incident_id VARCHAR(36) NOT NULL, 
	subject VARCHAR(256) NOT NULL, 
	role VARCHAR(16) NOT NULL, 
	rule VARCHAR(32) NOT NULL, 
	since VARCHAR(32) NOT NULL, 
	until VARCHAR(32), 
	PRIMARY KEY (incident_id, subject, role), 
	FOREIGN KEY(incident_id) REFERENCES incident (incident_id)
);
CREATE TABLE judgement (
	judgement_id INTEGER NOT NULL, 
	run_id VARCHAR(36), 
	target VARCHAR(128) NOT NULL, 
	subject VARCHAR(256) NOT NULL, 
	column_name VARCHAR(256) NOT NULL, 
	rule VARCHAR(32) NOT NULL, 
	bucket VARCHAR(32) NOT NULL, 
	judged_at VARCHAR(32) NOT NULL, 
	verdict VARCHAR(16) NOT NULL, 
	value FLOAT, 
	expected FLOAT, 
	lower FLOAT, 
	upper FLOAT, 
	score FLOAT, 
	trained_on INTEGER NOT NULL, 
	reason TEXT NOT NULL, 
	PRIMARY KEY (judgement_id)
);
CREATE TABLE model_result (
	run_id VARCHAR(36) NOT NULL, 
	model VARCHAR(256) NOT NULL, 
	finished_at VARCHAR(32) NOT NULL, 
	relation VARCHAR(256) NOT NULL, 
	status VARCHAR(16) NOT NULL, 
	seconds FLOAT NOT NULL, 
	row_count BIGINT, 
	message TEXT NOT NULL, 
	PRIMARY KEY (run_id, model), 
	FOREIGN KEY(run_id) REFERENCES run (run_id)
);
INSERT INTO "model_result" VALUES('r1','model.acme.mart_x','2026-10-01T12:00:00.000000Z','marts.mart_x','success',0.5,12,'OK');
CREATE TABLE mute (
	mute_id VARCHAR(36) NOT NULL, 
	matches TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	actor VARCHAR(128) NOT NULL, 
	created_at VARCHAR(32) NOT NULL, 
	until VARCHAR(32) NOT NULL, 
	ended_at VARCHAR(32), 
	PRIMARY KEY (mute_id)
);
CREATE TABLE publication (
	run_id VARCHAR(36) NOT NULL, 
	publisher VARCHAR(128) NOT NULL, 
	dataset VARCHAR(256) NOT NULL, 
	finished_at VARCHAR(32) NOT NULL, 
	path TEXT NOT NULL, 
	row_count BIGINT NOT NULL, 
	size_bytes BIGINT NOT NULL, 
	PRIMARY KEY (run_id, publisher, dataset), 
	FOREIGN KEY(run_id) REFERENCES run (run_id)
);
INSERT INTO "publication" VALUES('r1','tables','marts.mart_x','2026-10-01T12:00:00.000000Z','final/x',12,3000);
CREATE TABLE run (
	run_id VARCHAR(36) NOT NULL, 
	started_at VARCHAR(32) NOT NULL, 
	finished_at VARCHAR(32), 
	lease_until VARCHAR(32) NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	message TEXT NOT NULL, 
	project VARCHAR(128) NOT NULL, 
	target VARCHAR(128) NOT NULL, 
	command VARCHAR(128) NOT NULL, 
	selection TEXT NOT NULL, 
	"trigger" VARCHAR(32) NOT NULL, 
	version VARCHAR(32) NOT NULL, 
	config_hash VARCHAR(64) NOT NULL, 
	host VARCHAR(128) NOT NULL, 
	pid INTEGER NOT NULL, pipeline VARCHAR(128), trigger_detail TEXT, nominal_at VARCHAR(32), requested_by VARCHAR(128), code_version VARCHAR(64), code_dirty BOOLEAN, versions TEXT, boot_id VARCHAR(64), cpu_s FLOAT, peak_rss_bytes BIGINT, recorded INTEGER, 
	PRIMARY KEY (run_id)
);
INSERT INTO "run" VALUES('r1','2026-10-01T12:00:00.000000Z','2026-10-01T12:00:10.000000Z','2026-10-01T12:30:00.000000Z','warned','7 rows loaded','acme','local','run','+mart_x','cli','0.1.0','c0ffee','ada',4711,'','',NULL,'','',NULL,'{}','',NULL,NULL,NULL);
CREATE TABLE run_step (
	run_id VARCHAR(36) NOT NULL, 
	step VARCHAR(256) NOT NULL, 
	kind VARCHAR(32) NOT NULL, 
	started_at VARCHAR(32) NOT NULL, 
	finished_at VARCHAR(32), 
	state VARCHAR(16) NOT NULL, 
	seconds FLOAT, 
	message TEXT NOT NULL, 
	facts TEXT NOT NULL, attempt INTEGER, cpu_s FLOAT, peak_rss_bytes BIGINT, 
	PRIMARY KEY (run_id, step), 
	FOREIGN KEY(run_id) REFERENCES run (run_id)
);
INSERT INTO "run_step" VALUES('r1','load:app.orders','load','2026-10-01T12:00:00.000000Z','2026-10-01T12:00:02.000000Z','succeeded',2.0,'','{"read": 10}',1,NULL,NULL);
INSERT INTO "run_step" VALUES('r1','build','build','2026-10-01T12:00:03.000000Z','2026-10-01T12:00:09.000000Z','warned',6.0,'4 rows','{"models": 1}',1,NULL,NULL);
CREATE TABLE schema_version (
	stream VARCHAR(256) NOT NULL, 
	schema_hash VARCHAR(64) NOT NULL, 
	run_id VARCHAR(36) NOT NULL, 
	seen_at VARCHAR(32) NOT NULL, 
	columns TEXT NOT NULL, 
	PRIMARY KEY (stream, schema_hash)
);
CREATE TABLE seal (
	sequence INTEGER NOT NULL, 
	run_id VARCHAR(36) NOT NULL, 
	sealed_at VARCHAR(32) NOT NULL, 
	row_count BIGINT NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	chain VARCHAR(64) NOT NULL, 
	PRIMARY KEY (sequence), 
	UNIQUE (run_id)
);
CREATE TABLE table_load (
	load_id INTEGER NOT NULL, 
	run_id VARCHAR(36) NOT NULL, 
	stream VARCHAR(256) NOT NULL, 
	finished_at VARCHAR(32) NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	rows_read BIGINT NOT NULL, 
	rows_written BIGINT NOT NULL, 
	rows_quarantined BIGINT NOT NULL, 
	rows_filtered BIGINT NOT NULL, 
	rows_derived BIGINT NOT NULL, 
	proven BOOLEAN NOT NULL, 
	splits INTEGER NOT NULL, 
	files INTEGER NOT NULL, 
	size_bytes BIGINT NOT NULL, 
	ordinal BIGINT, 
	batch_id VARCHAR(128), 
	snapshot_id BIGINT, 
	committed_at VARCHAR(32), 
	resumed BOOLEAN NOT NULL, 
	phases_s TEXT NOT NULL, 
	reject_reasons TEXT NOT NULL, 
	filter_reasons TEXT NOT NULL, base_snapshot_id BIGINT, generation BIGINT, kind VARCHAR(16), notices TEXT, mode VARCHAR(16), reason VARCHAR(16), started_at VARCHAR(32), cursor_column VARCHAR(256), cursor_from TEXT, cursor_to TEXT, rows_by_op TEXT, bytes_read BIGINT, requests BIGINT, retries BIGINT, throttled_s FLOAT, cpu_s FLOAT, peak_rss_bytes BIGINT, schema_hash VARCHAR(64), rows_before BIGINT, rows_after BIGINT, newest_event_at VARCHAR(32), 
	PRIMARY KEY (load_id), 
	FOREIGN KEY(run_id) REFERENCES run (run_id)
);
INSERT INTO "table_load" VALUES(1,'r1','app.orders','2026-10-01T12:00:00.000000Z','succeeded',10,7,2,1,0,1,3,2,1099511627776,5,'batch-1',4611686018427387904,'2026-10-01T12:00:00.000000Z',1,'{"commit": 0.5, "read": 1.5}','{"short": 2}','{"held": 1}',2305843009213693952,0,'load','["`b.csv` is gone"]',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE table_seen (
	seen_id INTEGER NOT NULL, 
	run_id VARCHAR(36) NOT NULL, 
	stream VARCHAR(256) NOT NULL, 
	seen_at VARCHAR(32) NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	row_count BIGINT, 
	loaded_at VARCHAR(32), 
	fault TEXT NOT NULL, 
	message TEXT NOT NULL, 
	PRIMARY KEY (seen_id), 
	FOREIGN KEY(run_id) REFERENCES run (run_id)
);
INSERT INTO "table_seen" VALUES(1,'r1','legacy.customers','2026-10-01T12:00:00.000000Z','late',7,'2026-10-01T09:00:00.000000Z','','was due');
CREATE TABLE tick (
	target VARCHAR(128) NOT NULL, 
	pipeline VARCHAR(128) NOT NULL, 
	nominal_at VARCHAR(32) NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	decided_at VARCHAR(32) NOT NULL, 
	run_id VARCHAR(36), 
	reason TEXT NOT NULL, 
	PRIMARY KEY (target, pipeline, nominal_at)
);
CREATE TABLE user_action (
	action_id INTEGER NOT NULL, 
	at VARCHAR(32) NOT NULL, 
	actor VARCHAR(128) NOT NULL, 
	via VARCHAR(16) NOT NULL, 
	verb VARCHAR(64) NOT NULL, 
	target TEXT NOT NULL, 
	outcome VARCHAR(16) NOT NULL, 
	detail TEXT NOT NULL, 
	run_id VARCHAR(36), 
	PRIMARY KEY (action_id)
);
CREATE INDEX ix_drift_run_id ON drift (run_id);
CREATE INDEX ix_error_event_run_id ON error_event (run_id);
CREATE INDEX ix_table_load_run_id ON table_load (run_id);
CREATE INDEX table_load_stream ON table_load (stream, finished_at);
CREATE INDEX ix_table_seen_run_id ON table_seen (run_id);
CREATE INDEX table_seen_stream ON table_seen (stream, seen_at);
CREATE INDEX delivery_group ON delivery (group_key, queued_at);
CREATE INDEX delivery_waiting ON delivery (state, next_try_at);
CREATE INDEX ix_delivery_incident_id ON delivery (incident_id);
CREATE INDEX incident_cause ON incident (cause, opened_at);
CREATE INDEX incident_state ON incident (state, opened_at);
CREATE INDEX ix_judgement_run_id ON judgement (run_id);
CREATE INDEX judgement_judged ON judgement (judged_at);
CREATE INDEX judgement_subject ON judgement (subject, rule, judged_at);
CREATE INDEX user_action_at ON user_action (at);
CREATE INDEX column_profile_column ON column_profile (stream, column_name, seen_at);
CREATE INDEX ix_column_profile_run_id ON column_profile (run_id);
CREATE INDEX cost_subject ON cost (subject, seen_at);
CREATE INDEX ix_cost_run_id ON cost (run_id);
CREATE INDEX ix_incident_event_incident_id ON incident_event (incident_id);
CREATE INDEX incident_subject_subject ON incident_subject (subject);
CREATE INDEX check_result_newest ON check_result (check_id, finished_at);
CREATE INDEX drift_stream ON drift (stream, seen_at);
CREATE INDEX error_event_fingerprint ON error_event (fingerprint, seen_at);
CREATE INDEX run_started ON run (started_at);
CREATE INDEX run_state ON run (state, target);
CREATE INDEX table_load_finished ON table_load (finished_at);
CREATE INDEX table_load_quarantined ON table_load (finished_at) WHERE rows_quarantined > 0;
CREATE INDEX table_load_filtered ON table_load (finished_at) WHERE rows_filtered > 0;
COMMIT;
