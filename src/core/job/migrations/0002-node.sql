-- Which process serves under a node number: two with the same number would make the same ids.
CREATE TABLE node_lease (
	node BIGINT PRIMARY KEY,
	holder BIGINT NOT NULL,
	who TEXT NOT NULL,          -- machine, boot, process: see core/job/node.c
	until BIGINT NOT NULL
){{STRICT}};
