-- Which node runs a job, and until when it may. Only used on PostgreSQL, where several nodes share a store.
CREATE TABLE job_lease (
	name TEXT PRIMARY KEY,
	holder BIGINT NOT NULL,
	until BIGINT NOT NULL
){{STRICT}};
