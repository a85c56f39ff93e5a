-- Whose duty a category is, from the lists of duties (职责清单). owner: department, town, community, grid. place: where it is in force.
CREATE TABLE duty (
	place TEXT NOT NULL,
	category TEXT NOT NULL,
	owner TEXT NOT NULL,
	source TEXT NOT NULL,
	PRIMARY KEY (place, category)
){{CLUSTERED}};
CREATE INDEX duty_category ON duty (category);
