-- name: matter_files_named(paths str[]) -> path str
-- may scan: a job asks now and then which attachments are named by no matter
SELECT path FROM matter_file WHERE path IN ($paths[]);
