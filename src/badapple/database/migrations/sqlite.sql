CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE jobs (
	id VARCHAR(255) NOT NULL,
	status VARCHAR(16) NOT NULL,
	product_name TEXT NOT NULL,
	style VARCHAR(64) NOT NULL,
	cta_text TEXT NOT NULL,
	video_url TEXT,
	error_message TEXT,
	owner VARCHAR(64) NOT NULL,
	options JSON NOT NULL,
	cost BIGINT NOT NULL,
	attempt INTEGER NOT NULL,
	created_at DATETIME NOT NULL,
	updated_at DATETIME NOT NULL, parent_id VARCHAR(255), group_id VARCHAR(255), request JSON DEFAULT '{}' NOT NULL, failure JSON, engine BOOLEAN DEFAULT 0 NOT NULL, dispatched INTEGER DEFAULT 0 NOT NULL, priority INTEGER DEFAULT 0 NOT NULL, turn BIGINT DEFAULT 0 NOT NULL, run VARCHAR(80), seq INTEGER DEFAULT 0 NOT NULL, progress INTEGER DEFAULT 0 NOT NULL, worked FLOAT DEFAULT 0 NOT NULL, made INTEGER DEFAULT 0 NOT NULL, closing BOOLEAN DEFAULT 0 NOT NULL, crashes INTEGER DEFAULT 0 NOT NULL, crash_mark INTEGER DEFAULT 0 NOT NULL, crashed_with VARCHAR(64), alone_with VARCHAR(64), started_at DATETIME, ended_at DATETIME, awaiting VARCHAR(16), announced INTEGER DEFAULT 0 NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE receipts (
	"key" VARCHAR(64) NOT NULL,
	kind VARCHAR(32) NOT NULL,
	label VARCHAR(64) NOT NULL,
	state VARCHAR(16) NOT NULL,
	maker JSON NOT NULL,
	files JSON NOT NULL,
	facts JSON NOT NULL,
	digest VARCHAR(64),
	cost BIGINT NOT NULL,
	seconds DOUBLE NOT NULL,
	begun INTEGER NOT NULL,
	made INTEGER NOT NULL,
	created_at DATETIME NOT NULL,
	updated_at DATETIME NOT NULL,
	PRIMARY KEY ("key")
);
CREATE INDEX ix_receipts_digest ON receipts (digest);
CREATE TABLE events (
	job_id VARCHAR(255) NOT NULL,
	seq INTEGER NOT NULL,
	stage VARCHAR(32) NOT NULL,
	progress INTEGER NOT NULL,
	message TEXT NOT NULL,
	timestamp VARCHAR(32) NOT NULL,
	PRIMARY KEY (job_id, seq),
	FOREIGN KEY(job_id) REFERENCES jobs (id) ON DELETE CASCADE
);
CREATE TABLE stages (
	id INTEGER NOT NULL,
	job_id VARCHAR(255) NOT NULL,
	stage_name VARCHAR(32) NOT NULL,
	status VARCHAR(16) NOT NULL,
	progress INTEGER NOT NULL,
	started_at DATETIME,
	completed_at DATETIME,
	error_message TEXT,
	PRIMARY KEY (id),
	FOREIGN KEY(job_id) REFERENCES jobs (id) ON DELETE CASCADE,
	CONSTRAINT uq_stages_job_stage UNIQUE (job_id, stage_name)
);
CREATE TABLE budgets (
	scope VARCHAR(320) NOT NULL,
	held BIGINT NOT NULL,
	PRIMARY KEY (scope)
);
CREATE TABLE calls (
	id VARCHAR(32) NOT NULL,
	"key" VARCHAR(64) NOT NULL,
	attempt INTEGER NOT NULL,
	owner VARCHAR(64) NOT NULL,
	vendor VARCHAR(32) NOT NULL,
	model VARCHAR(128) NOT NULL,
	label VARCHAR(64) NOT NULL,
	dedupe VARCHAR(16) NOT NULL,
	state VARCHAR(16) NOT NULL,
	job VARCHAR(255) NOT NULL,
	holder VARCHAR(80),
	heir VARCHAR(255),
	heir_holder VARCHAR(80),
	vendor_id VARCHAR(128),
	request_hash VARCHAR(64) NOT NULL,
	request JSON NOT NULL,
	sends INTEGER NOT NULL,
	reserved BIGINT NOT NULL,
	settled BIGINT NOT NULL,
	possibly_charged BIGINT NOT NULL,
	scopes JSON NOT NULL,
	files JSON NOT NULL,
	facts JSON NOT NULL,
	error TEXT,
	reason VARCHAR(32),
	boot VARCHAR(64) NOT NULL,
	uptime FLOAT NOT NULL,
	created_at DATETIME NOT NULL,
	submitted_at DATETIME,
	ended_at DATETIME,
	updated_at DATETIME NOT NULL,
	PRIMARY KEY (id),
	CONSTRAINT uq_calls_key_attempt UNIQUE ("key", attempt),
	CONSTRAINT uq_calls_vendor_id UNIQUE (vendor, vendor_id)
);
CREATE INDEX ix_calls_created ON calls (created_at);
CREATE INDEX ix_calls_job ON calls (job);
CREATE TABLE holders (
	id VARCHAR(32) NOT NULL,
	host VARCHAR(32) NOT NULL,
	beat BIGINT NOT NULL,
	seen_at DATETIME NOT NULL, role VARCHAR(16) DEFAULT '' NOT NULL, about JSON DEFAULT '{}' NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE limits (
	vendor VARCHAR(32) NOT NULL,
	"key" VARCHAR(64) NOT NULL,
	concurrency INTEGER,
	per_minute INTEGER,
	burst INTEGER,
	next_at BIGINT NOT NULL,
	paused_until BIGINT NOT NULL,
	paused_for BIGINT NOT NULL,
	learned_at BIGINT NOT NULL,
	PRIMARY KEY (vendor, "key")
);
CREATE TABLE slots (
	id VARCHAR(32) NOT NULL,
	vendor VARCHAR(32) NOT NULL,
	"key" VARCHAR(64) NOT NULL,
	holder VARCHAR(32) NOT NULL,
	PRIMARY KEY (id)
);
CREATE INDEX ix_slots_vendor ON slots (vendor, "key");
CREATE INDEX ix_jobs_status ON jobs (status, turn);
CREATE INDEX ix_jobs_owner ON jobs (owner, created_at);
CREATE TABLE marks (
	id VARCHAR(32) NOT NULL,
	at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL,
	PRIMARY KEY (id)
);
CREATE INDEX ix_marks_at ON marks (at);
CREATE INDEX ix_jobs_ended ON jobs (owner, ended_at);
CREATE INDEX ix_jobs_parent ON jobs (parent_id);
CREATE TABLE parts (
	job_id VARCHAR(255) NOT NULL,
	label VARCHAR(64) NOT NULL,
	stage VARCHAR(32) NOT NULL,
	kind VARCHAR(32) NOT NULL,
	"key" VARCHAR(64) NOT NULL,
	state VARCHAR(16) NOT NULL,
	maker JSON NOT NULL,
	cost BIGINT NOT NULL,
	seconds DOUBLE NOT NULL,
	attempt INTEGER NOT NULL,
	updated_at DATETIME NOT NULL,
	PRIMARY KEY (job_id, label),
	FOREIGN KEY(job_id) REFERENCES jobs (id) ON DELETE CASCADE
);
CREATE TABLE credentials (
	id VARCHAR(32) NOT NULL,
	kind VARCHAR(16) NOT NULL,
	owner VARCHAR(64) NOT NULL,
	name VARCHAR(100) NOT NULL,
	hash VARCHAR(64) NOT NULL,
	last4 VARCHAR(4) NOT NULL,
	scopes JSON NOT NULL,
	facts JSON NOT NULL,
	created_at DATETIME NOT NULL,
	expires_at DATETIME,
	used_at DATETIME,
	revoked_at DATETIME,
	PRIMARY KEY (id),
	UNIQUE (hash)
);
CREATE INDEX ix_credentials_owner ON credentials (owner, kind);
CREATE TABLE uploads (
	id VARCHAR(32) NOT NULL,
	owner VARCHAR(64) NOT NULL,
	sha256 VARCHAR(64) NOT NULL,
	size BIGINT NOT NULL,
	suffix VARCHAR(8) NOT NULL,
	name VARCHAR(255) NOT NULL,
	width INTEGER NOT NULL,
	height INTEGER NOT NULL,
	created_at DATETIME NOT NULL,
	expires_at DATETIME NOT NULL,
	PRIMARY KEY (id)
);
CREATE INDEX ix_uploads_owner ON uploads (owner, created_at);
CREATE TABLE idempotency (
	owner VARCHAR(64) NOT NULL,
	"key" VARCHAR(255) NOT NULL,
	fingerprint VARCHAR(64) NOT NULL,
	claim VARCHAR(32),
	claimed_at DATETIME,
	job_id VARCHAR(255),
	status INTEGER,
	body JSON,
	headers JSON NOT NULL,
	created_at DATETIME NOT NULL,
	expires_at DATETIME NOT NULL,
	PRIMARY KEY (owner, "key")
);
CREATE INDEX ix_idempotency_expires ON idempotency (expires_at);
CREATE TABLE webhooks (
	id VARCHAR(32) NOT NULL,
	owner VARCHAR(64) NOT NULL,
	url TEXT NOT NULL,
	events JSON NOT NULL,
	turn INTEGER NOT NULL,
	enabled BOOLEAN NOT NULL,
	disabled_because TEXT,
	created_at DATETIME NOT NULL,
	updated_at DATETIME NOT NULL,
	PRIMARY KEY (id)
);
CREATE INDEX ix_webhooks_owner ON webhooks (owner);
CREATE TABLE deliveries (
	id VARCHAR(40) NOT NULL,
	webhook_id VARCHAR(32) NOT NULL,
	owner VARCHAR(64) NOT NULL,
	job_id VARCHAR(255) NOT NULL,
	seq INTEGER NOT NULL,
	type VARCHAR(32) NOT NULL,
	payload JSON NOT NULL,
	state VARCHAR(16) NOT NULL,
	attempts INTEGER NOT NULL,
	holder VARCHAR(80),
	next_at DATETIME NOT NULL,
	log JSON NOT NULL,
	created_at DATETIME NOT NULL,
	ended_at DATETIME,
	PRIMARY KEY (id),
	CONSTRAINT uq_deliveries_event UNIQUE (webhook_id, job_id, seq),
	FOREIGN KEY(webhook_id) REFERENCES webhooks (id) ON DELETE CASCADE
);
CREATE INDEX ix_deliveries_due ON deliveries (state, next_at);
CREATE TABLE audit (
	id INTEGER NOT NULL,
	at DATETIME NOT NULL,
	owner VARCHAR(64) NOT NULL,
	actor VARCHAR(64) NOT NULL,
	action VARCHAR(48) NOT NULL,
	target VARCHAR(255) NOT NULL,
	outcome VARCHAR(16) NOT NULL,
	address VARCHAR(64) NOT NULL,
	facts JSON NOT NULL,
	PRIMARY KEY (id)
);
CREATE INDEX ix_audit_owner ON audit (owner, id);
CREATE TABLE brands (
	owner VARCHAR(64) NOT NULL,
	kit JSON NOT NULL,
	logo_sha256 VARCHAR(64),
	logo_size BIGINT NOT NULL,
	updated_at DATETIME NOT NULL,
	PRIMARY KEY (owner)
);
CREATE INDEX ix_brands_logo ON brands (logo_sha256);
INSERT INTO alembic_version VALUES ('0006')
