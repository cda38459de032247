BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0002');
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
	fix TEXT NOT NULL, 
	PRIMARY KEY (event_id), 
	FOREIGN KEY(run_id) REFERENCES run (run_id)
);
INSERT INTO "error_event" VALUES(1,'r1','build','2026-10-01T12:00:00.000000Z','TransformError','skip','It broke.','marts.mart_x','mend it');
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
	pid INTEGER NOT NULL, 
	PRIMARY KEY (run_id)
);
INSERT INTO "run" VALUES('r1','2026-10-01T12:00:00.000000Z','2026-10-01T12:00:10.000000Z','2026-10-01T12:30:00.000000Z','warned','7 rows loaded','acme','local','run','+mart_x','cli','0.1.0','c0ffee','ada',4711);
CREATE TABLE run_step (
	run_id VARCHAR(36) NOT NULL, 
	step VARCHAR(256) NOT NULL, 
	kind VARCHAR(32) NOT NULL, 
	started_at VARCHAR(32) NOT NULL, 
	finished_at VARCHAR(32), 
	state VARCHAR(16) NOT NULL, 
	seconds FLOAT, 
	message TEXT NOT NULL, 
	facts TEXT NOT NULL, 
	PRIMARY KEY (run_id, step), 
	FOREIGN KEY(run_id) REFERENCES run (run_id)
);
INSERT INTO "run_step" VALUES('r1','load:app.orders','load','2026-10-01T12:00:00.000000Z','2026-10-01T12:00:02.000000Z','succeeded',2.0,'','{"read": 10}');
INSERT INTO "run_step" VALUES('r1','build','build','2026-10-01T12:00:03.000000Z','2026-10-01T12:00:09.000000Z','warned',6.0,'4 rows','{"models": 1}');
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
	filter_reasons TEXT NOT NULL, base_snapshot_id BIGINT, generation BIGINT, kind VARCHAR(16), 
	PRIMARY KEY (load_id), 
	FOREIGN KEY(run_id) REFERENCES run (run_id)
);
INSERT INTO "table_load" VALUES(1,'r1','app.orders','2026-10-01T12:00:00.000000Z','succeeded',10,7,2,1,0,1,3,2,1099511627776,5,'batch-1',4611686018427387904,'2026-10-01T12:00:00.000000Z',1,'{"commit": 0.5, "read": 1.5}','{"short": 2}','{"held": 1}',2305843009213693952,0,'load');
CREATE INDEX ix_drift_run_id ON drift (run_id);
CREATE INDEX ix_error_event_run_id ON error_event (run_id);
CREATE INDEX ix_table_load_run_id ON table_load (run_id);
CREATE INDEX table_load_stream ON table_load (stream, finished_at);
COMMIT;
