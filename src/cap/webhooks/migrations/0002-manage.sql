-- data/roles.csv is loaded into an empty store only: where roles are there already, whoever runs the installation can subscribe for programs. Who else
-- may is for those who give rights to decide.
INSERT INTO role_permission (role, permission)
SELECT r.role, 'webhook.manage' FROM role_permission r WHERE r.permission = 'system.manage'
	AND NOT EXISTS (SELECT 1 FROM role_permission h WHERE h.role = r.role AND h.permission = 'webhook.manage');
