CREATE OR REPLACE PROCEDURE pyramid(rounds integer) LANGUAGE plpgsql AS $f$
DECLARE r record; t0 timestamptz; ms double precision; best double precision; b bytea; total bigint;
BEGIN
	FOR r IN SELECT * FROM tile ORDER BY i LOOP
		best := NULL;
		FOR k IN 1..rounds LOOP
			t0 := clock_timestamp();
			SELECT ST_AsMVT(t, 'matters', 4096, 'geom', 'id') INTO b FROM (
				SELECT id, n, ST_AsMVTGeom(geom, ST_TileEnvelope(r.z, r.x::integer, r.y::integer), 4096, 0, false) AS geom
				FROM cell WHERE z = r.z AND tx = r.x AND ty = r.y) AS t;
			ms := extract(epoch FROM clock_timestamp() - t0) * 1000;
			best := least(best, ms);
		END LOOP;
		SELECT coalesce(sum(n), 0) INTO total FROM cell WHERE z = r.z AND tx = r.x AND ty = r.y;
		INSERT INTO answer VALUES (format('ms 0 %s %s %s', r.i, best, total));
	END LOOP;
END $f$;

CREATE TEMP TABLE answer (line text);
CALL pyramid(:rounds);
SELECT line FROM answer;
