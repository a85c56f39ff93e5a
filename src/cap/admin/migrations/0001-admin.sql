-- What the subcommands have done to this installation: how far the demonstration has been set up, ids of what it made.
CREATE TABLE admin_state (
	name TEXT PRIMARY KEY,
	value TEXT NOT NULL
){{STRICT}};
